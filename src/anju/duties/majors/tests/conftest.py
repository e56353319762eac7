"""The hands of the transfers' tests: offices with their codes, a hazard with photos."""

from anju.duties.transfers.tests.conftest import (  # noqa: F401  (fixtures)
    _own_store,
    hazard,
    hire,
    offices,
    photo,
    reported,
    walk,
)
