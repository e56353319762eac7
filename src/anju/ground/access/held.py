"""The posts somebody holds on a day, their own and lent ones, with everything an Actor is made of, in one statement.

Every request asks this first, so it is written by hand: the ORM would need three statements and ten times the work.
"""

from datetime import date
from typing import Any

from django.db import connection

from anju.ground.organisations.models import Jurisdiction, Organisation, Person, Post
from anju.ground.territory.models import Area

from .models import Account

# One row for each post and each further area of its organisation.
_POSTS = """
    SELECT post.id, post.person_id, post.role, post.title, office.id, office.name, area.id, area.level, area.name,
           further.id, further.level, further.name
    FROM organisations_post post
    JOIN organisations_organisation office ON office.id = post.organisation_id
    LEFT JOIN territory_area area ON area.id = office.area_id
    LEFT JOIN organisations_jurisdiction line ON line.organisation_id = office.id
    LEFT JOIN territory_area further ON further.id = line.area_id
    WHERE post.id IN (
        SELECT own.id FROM organisations_post own WHERE own.person_id = {person}
        UNION ALL
        SELECT lent.post_id FROM access_delegation lent
        WHERE lent.to_person_id = {person} AND lent.ended_at IS NULL
          AND lent.valid_from <= %(day)s AND lent.valid_to >= %(day)s)
      AND post.valid_from <= %(day)s AND (post.valid_to IS NULL OR post.valid_to >= %(day)s)
    ORDER BY post.id, line.id
"""
_OF_PERSON = _POSTS.format(person="%(person)s")
_OF_KEY = f"""
    SELECT account.id, account.username, person.id, person.name, held.*
    FROM access_apikey key
    JOIN access_account account ON account.id = key.account_id
    LEFT JOIN organisations_person person ON person.id = account.person_id
    LEFT JOIN LATERAL ({_POSTS.format(person="person.id")}) held ON true
    WHERE key.digest = %(digest)s AND key.revoked_at IS NULL AND account.is_active
      AND (key.expires_at IS NULL OR key.expires_at > %(at)s)
"""  # noqa: S608 (the only thing put in is the name of a column)

Held = tuple[list[Post], dict[int, list[Jurisdiction]]]


def of_person(person: Person, *, on: date) -> Held:
    """Return the posts a person holds or was lent, and their organisations' further areas."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_PERSON, {"person": person.pk, "day": on})
        return _read(cursor.fetchall())


def of_key(digest: str, *, at: Any, on: date) -> tuple[Account, Held] | None:
    """Return the account of a key in force, and what its person holds; None for a key that opens nothing.

    The account holds only its id, login and person, whose name alone is known.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OF_KEY, {"digest": digest, "at": at, "day": on})
        rows = cursor.fetchall()
    if not rows:
        return None
    account_id, username, person_id, name = rows[0][:4]
    person = Person(id=person_id, name=name) if person_id else None
    account = Account(id=account_id, username=username, person=person)
    return account, _read([row[4:] for row in rows if row[4]])


def _read(rows: list[tuple[Any, ...]]) -> Held:
    posts: dict[int, Post] = {}
    more: dict[int, list[Jurisdiction]] = {}
    for (
        post_id,
        person_id,
        role,
        title,
        office_id,
        office,
        area_id,
        level,
        area,
        more_id,
        more_level,
        more_area,
    ) in rows:
        if post_id not in posts:
            home = Area(id=area_id, level=level, name=area) if area_id else None
            organisation = Organisation(id=office_id, name=office, area=home)
            posts[post_id] = Post(
                id=post_id, person_id=person_id, role=role, title=title, organisation=organisation
            )
        if more_id and not any(line.area_id == more_id for line in more.get(office_id, ())):
            further = Area(id=more_id, level=more_level, name=more_area)
            more.setdefault(office_id, []).append(Jurisdiction(organisation_id=office_id, area=further))
    return list(posts.values()), more
