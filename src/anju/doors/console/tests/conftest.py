from anju.duties.cases.tests.conftest import reported

__all__ = ["reported"]
