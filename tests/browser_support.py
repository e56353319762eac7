"""A pytest plugin for tests that drive a real browser: found on the machine, never downloaded.

Where there is no Chromium the browser tests are left out, and the run says so and how to get it.
"""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
]
LEFT_OUT = pytest.StashKey[int]()


def find_chromium() -> str | None:
    """Find Chromium: ANJU_CHROMIUM, else on the PATH."""
    if given := os.environ.get("ANJU_CHROMIUM"):
        return given
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests marked `browser` where there is none."""
    wanting = [item for item in items if item.get_closest_marker("browser")]
    if wanting and find_chromium() is None:
        config.hook.pytest_deselected(items=wanting)
        items[:] = [item for item in items if not item.get_closest_marker("browser")]
        config.stash[LEFT_OUT] = len(wanting)
    elif wanting:
        # Playwright's synchronous driver runs an event loop in the test's thread; Django would refuse the database.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say which tests were left out, and how to have them run."""
    if count := config.stash.get(LEFT_OUT, 0):
        terminalreporter.section("browser tests were left out")
        terminalreporter.line(
            f"No Chromium was found, so {count} tests that drive a real browser did not run."
        )
        terminalreporter.line(
            "To run them: apt-get install chromium fonts-noto-cjk (Debian), or set ANJU_CHROMIUM."
        )


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Give a running Chromium (Playwright's Browser), one for the whole session."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        yield browser
        browser.close()
