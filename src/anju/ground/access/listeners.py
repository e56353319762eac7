"""Who goes leaves what was theirs to the office at once; a post that ends later, at the end of that day (`hands`)."""

from anju.ground.foundation import hands, journal
from anju.ground.foundation.models import Event
from anju.ground.organisations.models import Post

from .models import Account


@journal.hears("organisations.end_post")
def post_ended(event: Event) -> None:
    """Give back to the office what its holder had, when the post is over."""
    _left(event, Post.objects.filter(pk=event.subject_id).values_list("person_id", flat=True).first())


@journal.hears("access.lend")
def post_lent(event: Event) -> None:
    """Give back to the office what whoever is on leave from today had."""
    posts = Post.objects.filter(pk=event.data.get("post"))
    _left(event, posts.values_list("person_id", flat=True).first())


@journal.hears("access.close_account")
def login_closed(event: Event) -> None:
    """Give back to the office what whoever can no longer sign in had."""
    _left(event, Account.objects.filter(pk=event.subject_id).values_list("person_id", flat=True).first())


def _left(event: Event, person_id: int | None) -> None:
    if person_id is not None:
        hands.return_left(at=event.at, person_id=person_id)
