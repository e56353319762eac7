"""Plugins of every test: the fixed cast, the database in which it stands, and the browser where there is one."""

from hypothesis import settings

pytest_plugins = ["tests.cast", "tests.worlds", "tests.own_sql", "tests.browser_support"]

# How long an example takes says how busy the machine is, and nothing about the rule.
settings.register_profile("anju", deadline=None)
settings.load_profile("anju")
