"""Where the time of a lifecycle goes: the whole stack in one process under cProfile, by what the time was spent on."""

import cProfile
import io
import itertools
import json
import pstats
import time
from collections import defaultdict
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.db import connection

from bench.city import Cast
from bench.scenes import COMPLAINT, NOTES

# Where a function's own time counts; the first that is found in its file's path is taken.
KINDS = (
    ("psycopg (protocol, waiting for the database)", ("psycopg", "psycopg_binary", "selectors")),
    ("Django's ORM (building statements and rows)", ("django/db", "django/utils/functional", "copy.py")),
    ("Django's request, middleware, URL", ("django/",)),
    ("ninja and pydantic (reading and writing JSON)", ("ninja", "pydantic", "json/")),
    ("other libraries", ("site-packages",)),
    ("Anju itself", ("anju",)),
)


def lifecycle(cast: Cast, ask: Any, number: int, run: str) -> None:
    """Play one lifecycle in this process."""
    told = {
        "kind": "complaint",
        "class_code": COMPLAINT,
        "text": f"东门垃圾桶旁垃圾堆积第{number}次反映，请尽快处理",
        "estate_id": cast.estates[number % len(cast.estates)],
    }
    case_id = json.loads(ask("/api/v1/cases", cast.officer.key, told, f"{run}-p{number}"))["id"]
    for act, key in (
        ("assign", cast.officer.key),
        ("accept", cast.clerk.key),
        ("submit", cast.clerk.key),
        ("close", cast.manager.key),
    ):
        ask(
            f"/api/v1/cases/{case_id}/steps",
            key,
            {"act": act, "note": NOTES.get(act, "")},
            f"{run}-{case_id}-{act}",
        )


def asker() -> Any:
    """Return a function that posts JSON to the application as gunicorn would, without a socket."""
    application = WSGIHandler()

    def ask(path: str, key: str, payload: dict[str, Any], idempotency: str) -> bytes:
        body = json.dumps(payload, ensure_ascii=False).encode()
        environ = {
            "REQUEST_METHOD": "POST", "PATH_INFO": path, "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.input": io.BytesIO(body), "wsgi.url_scheme": "http",
            "wsgi.errors": io.StringIO(), "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)),
            "HTTP_HOST": "127.0.0.1", "HTTP_AUTHORIZATION": f"Bearer {key}", "HTTP_IDEMPOTENCY_KEY": idempotency,
            "REMOTE_ADDR": "127.0.0.1",
        }  # fmt: skip
        answered: list[str] = []
        response = application(environ, lambda status, headers, exc=None: answered.append(status))
        content = b"".join(response)
        response.close()
        if answered[0][0] != "2":
            raise RuntimeError(f"{answered[0]} {content.decode()}")
        return content

    return ask


def profile(cast: Cast, run: str, rounds: int = 40) -> dict[str, Any]:
    """Play lifecycles plainly and under the profiler; return milliseconds of a lifecycle, and shares by kind."""
    from django.core.signals import request_finished, request_started
    from django.db import close_old_connections, reset_queries

    # As a server thread keeps its connection from request to request.
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    request_started.disconnect(reset_queries)
    ask, numbers = asker(), itertools.count()
    for _warm in range(5):
        lifecycle(cast, ask, next(numbers), run)
    wall, cpu = time.perf_counter(), time.process_time()
    for _turn in range(rounds):
        lifecycle(cast, ask, next(numbers), run)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    profiler = cProfile.Profile()
    profiler.enable()
    for _turn in range(rounds):
        lifecycle(cast, ask, next(numbers), run)
    profiler.disable()
    stats = pstats.Stats(profiler)
    own: dict[str, float] = defaultdict(float)
    for (path, _line, name), (_calls, _all, self_time, _cumulative, callers) in stats.stats.items():  # type: ignore[attr-defined]
        if path == "~":  # a function written in C counts where it is called from
            for (caller, _l, _n), (_c, _a, part, _cum) in callers.items():
                own[kind_of(caller, name)] += part
        else:
            own[kind_of(path, name)] += self_time
    total = sum(own.values())
    return {
        "wall_ms": round(1000 * wall / rounds, 2),
        "python_cpu_ms": round(1000 * cpu / rounds, 2),
        "outside_python_ms": round(1000 * (wall - cpu) / rounds, 2),
        "shares": {
            kind: round(part / total, 3) for kind, part in sorted(own.items(), key=lambda item: -item[1])
        },
        "top": top(stats),
        "vendor": connection.vendor,
    }


def kind_of(path: str, name: str) -> str:
    """Name what a function's own time is spent on."""
    return next(
        (kind for kind, marks in KINDS if any(mark in path for mark in marks)), "Python's own library"
    )


def top(stats: pstats.Stats, most: int = 45) -> list[str]:
    """List the functions in which, with all they call, most time passes."""
    out = io.StringIO()
    stats.stream = out  # type: ignore[attr-defined]
    stats.sort_stats("cumulative").print_stats(most)
    return out.getvalue().splitlines()
