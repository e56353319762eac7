"""The paper of an act: issued under the next number of the office's register for its kind."""

from datetime import datetime
from typing import Any

from anju.ground.access.actors import Actor
from anju.ground.organisations.models import Organisation
from anju.means.documents import services as papers
from anju.means.documents.models import IssuedDocument

from ..queries.matters import day_of, register_code


def issue_paper(
    *, kind: str, data: Any, office: Organisation, subject: Any, by: Actor, at: datetime, signed_by: str = ""
) -> IssuedDocument:
    """Issue the paper of an act under the next number of the office's register for its kind.

    signed_by  who approved it, where the act itself is the approval of a leader
    """
    return papers.issue(
        kind=kind,
        data=data,
        register_code=register_code(office, kind, on=day_of(at)),
        subject=subject,
        by=by,
        at=at,
        organisation=office,
        signed_by=signed_by,
    )
