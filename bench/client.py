"""A load of our own: plain sockets kept alive, one thread for each connection, nothing but the standard library."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

CRLF = b"\r\n"


class Broken(Exception):
    """The server closed the connection or answered with something that is no HTTP."""


class Connection:
    """One kept-alive connection to the server; it connects again after the server has closed it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket: socket.socket | None = None
        self.rest = b""

    def close(self) -> None:
        """Let go of the socket."""
        if self.socket is not None:
            self.socket.close()
        self.socket, self.rest = None, b""

    def ask(self, method: str, path: str, headers: str = "", body: bytes = b"") -> tuple[int, bytes]:
        """Send one request and return (status, body)."""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n{headers}"
        if body or method == "POST":
            head += f"Content-Length: {len(body)}\r\n"
        message = head.encode() + CRLF + body
        fresh = self.socket is None
        try:
            return self._exchange(message)
        except (OSError, Broken):
            self.close()
            # A kept connection may have been closed by the server's keep-alive limit while it lay idle: once more.
            if fresh:
                raise
            return self._exchange(message)

    def _exchange(self, message: bytes) -> tuple[int, bytes]:
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=60)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(message)
        head = self._until(CRLF + CRLF)
        status = int(head[9:12])
        lower = head.lower()
        if b"transfer-encoding: chunked" in lower:
            body = b"".join(self._chunks())
        else:
            at = lower.find(b"content-length:")
            if at < 0:
                raise Broken("no length")
            body = self._exactly(int(lower[at + 15 : lower.find(CRLF, at) if CRLF in lower[at:] else None]))
        if b"connection: close" in lower:
            self.close()
        return status, body

    def _more(self) -> None:
        assert self.socket is not None
        part = self.socket.recv(262_144)
        if not part:
            raise Broken("closed")
        self.rest += part

    def _until(self, mark: bytes) -> bytes:
        while (at := self.rest.find(mark)) < 0:
            self._more()
        found, self.rest = self.rest[:at], self.rest[at + len(mark) :]
        return found

    def _exactly(self, size: int) -> bytes:
        if len(self.rest) < size:
            parts, have = [self.rest], len(self.rest)
            assert self.socket is not None
            while have < size:
                part = self.socket.recv(min(1_048_576, size - have))
                if not part:
                    raise Broken("closed")
                parts.append(part)
                have += len(part)
            self.rest = b""
            return b"".join(parts)
        found, self.rest = self.rest[:size], self.rest[size:]
        return found

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self._until(CRLF), 16):
            yield self._exactly(size)
            self._exactly(2)
        self._until(CRLF)


@dataclass
class Tally:
    """What a load met: seconds of each piece of work, and what went wrong."""

    name: str
    seconds: list[float] = field(default_factory=list)
    steps: dict[str, list[float]] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    elapsed: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Pieces of work a second."""
        return len(self.seconds) / self.elapsed if self.elapsed else 0.0

    def at(self, share: float) -> float:
        """Return the given quantile in milliseconds (0.95: p95)."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")

    def as_dict(self) -> dict[str, Any]:
        """Return what is kept in the results."""
        return {
            "n": len(self.seconds),
            "per_second": round(self.rate, 2),
            "p50_ms": round(self.at(0.5), 1),
            "p95_ms": round(self.at(0.95), 1),
            "max_ms": round(self.at(1.0), 1),
            "errors": self.errors,
            "cpu_seconds": {name: round(value, 2) for name, value in self.cpu.items()},
            "steps_p95_ms": {
                name: round(1000 * sorted(found)[int(0.95 * (len(found) - 1))], 1)
                for name, found in self.steps.items()
            },
        }


# One piece of work on a connection; what it returns is not looked at. It raises to count as an error.
Work = Callable[["Session"], object]


class Session:
    """A connection, and the clock of the steps made on it."""

    def __init__(self, port: int, tally: Tally, lock: threading.Lock, number: int) -> None:
        self.connection = Connection(port)
        self.tally = tally
        self.lock = lock
        self.number = number

    def ask(
        self,
        method: str,
        path: str,
        headers: str = "",
        body: bytes = b"",
        *,
        expect: int = 200,
        step: str = "",
    ) -> bytes:
        """Send a request; any other status than the expected one is an error."""
        began = time.perf_counter()
        status, answer = self.connection.ask(method, path, headers, body)
        if status != expect:
            raise Broken(f"{status} {path.split('?')[0][:40]} {answer[:160].decode(errors='replace')}")
        if step:
            with self.lock:
                self.tally.steps.setdefault(step, []).append(time.perf_counter() - began)
        return answer

    def json(
        self,
        path: str,
        key: str,
        payload: dict[str, Any],
        idempotency: str,
        *,
        expect: int = 200,
        step: str = "",
    ) -> Any:
        """Post JSON with a key and an idempotency key; return the answer read."""
        body = json.dumps(payload, ensure_ascii=False).encode()
        headers = f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\nIdempotency-Key: {idempotency}\r\n"
        return json.loads(self.ask("POST", path, headers, body, expect=expect, step=step))

    def done(self, began: float, error: Exception | None) -> None:
        """Write one piece of work into the tally."""
        with self.lock:
            if error is None:
                self.tally.seconds.append(time.perf_counter() - began)
            else:
                name = f"{type(error).__name__}: {error}"[:200]
                self.tally.errors[name] = self.tally.errors.get(name, 0) + 1


def closed_loop(name: str, port: int, work: Work, *, connections: int, seconds: float) -> Tally:
    """Keep `connections` busy for some seconds: each asks again as soon as it is answered."""
    tally, lock = Tally(name), threading.Lock()
    stop_at = time.perf_counter() + seconds

    def one(number: int) -> None:
        session = Session(port, tally, lock, number)
        while time.perf_counter() < stop_at and sum(tally.errors.values()) < 200:
            began, error = time.perf_counter(), None
            try:
                work(session)
            except (OSError, Broken, StopIteration, ValueError) as problem:
                error = problem
                session.connection.close()
                if isinstance(problem, StopIteration):
                    return
            session.done(began, error)
        session.connection.close()

    began = time.perf_counter()
    threads = [threading.Thread(target=one, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tally.elapsed = time.perf_counter() - began
    return tally


def open_loop(name: str, port: int, work: Work, *, rates: list[int], seconds_each: float) -> Tally:
    """Start work at given rates whatever the answers do: each arrival has a thread and a connection of its own."""
    tally, lock = Tally(name), threading.Lock()
    arrivals, at = [], 0.0
    for rate in rates:
        arrivals += [at + n / rate for n in range(int(rate * seconds_each))]
        at += seconds_each

    def one(number: int) -> None:
        session = Session(port, tally, lock, number)
        began, error = time.perf_counter(), None
        try:
            work(session)
        except (OSError, Broken, ValueError) as problem:
            error = problem
        session.done(began, error)
        session.connection.close()

    began = time.perf_counter()
    threads = []
    for number, arrival in enumerate(arrivals):
        time.sleep(max(0.0, began + arrival - time.perf_counter()))
        threads.append(threading.Thread(target=one, args=(number,)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    tally.elapsed = time.perf_counter() - began
    return tally
