"""The hands of the cases room, to give pages something to show."""

from anju.duties.cases.tests.conftest import _own_store, photo, reported, walk

__all__ = ["_own_store", "photo", "reported", "walk"]
