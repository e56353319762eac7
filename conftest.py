"""Plugins of every test: the fixed cast, and the browser where there is one."""

pytest_plugins = ["tests.cast", "tests.browser_support"]
