"""Plugins of every test: the fixed cast, the database in which it stands, and the browser where there is one."""

import gc

from hypothesis import settings

pytest_plugins = ["tests.cast", "tests.worlds", "tests.own_sql", "tests.browser_support"]

# How long an example takes says how busy the machine is, and nothing about the rule.
settings.register_profile("anju", deadline=None)
settings.load_profile("anju")


def pytest_collection_finish() -> None:
    """Keep the collector of garbage off what stays to the end: it took a sixth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
