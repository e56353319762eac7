"""The WSGI entry point that gunicorn serves.

Gunicorn loads it once and forks its workers from it (`--preload`), so what is read here is in memory once.
"""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anju.config.settings")
application = get_wsgi_application()


def _read_ahead() -> None:
    """Read what every worker would read at its first request: the pages' code and templates, the rulebooks."""
    from django.template import engines
    from django.urls import reverse
    from django.utils import timezone

    from anju.duties.cases.queries import catalogue
    from anju.ground.foundation import rulebooks

    reverse("healthz")
    for name in ("console/home.html", "cases/list.html", "cases/case.html"):
        engines["jinja2"].get_template(name)
    today = timezone.localdate()
    for kind in ("hazard", "complaint"):
        catalogue.classes(kind, on=today)
    for book in ("access", "deadlines", "routing", "territory", "portal", "figures", "laws"):
        rulebooks.editions(book)
    gc.collect()
    gc.freeze()  # the collector would else touch, and so copy, every page a worker shares with the others


_read_ahead()
