"""The processes of a running Anju: started, watched, started again when they die, stopped together."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
PATIENCE_SECONDS = 15.0
LONGEST_PAUSE_SECONDS = 30.0
CALM_SECONDS = 60.0


def die_with_parent(sign: int) -> Callable[[], None]:
    """Ask Linux to end the process with this signal when the launcher is gone, even if killed."""
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def before_exec() -> None:
        if libc is not None:
            libc.prctl(PARENT_DEATH_SIGNAL, sign)

    return before_exec


@dataclass
class Child:
    """One long-running program; `pause` grows while it keeps dying."""

    name: str
    words: list[str]
    env: dict[str, str]
    fds: Sequence[int] = ()
    out: int | None = None
    orphan_signal: int = signal.SIGTERM
    begins_with_database: bool = False
    process: subprocess.Popen[bytes] | None = None
    pause: float = 0.5
    started_at: float = 0.0
    start_again_at: float | None = field(default=None)

    def start(self) -> None:
        """Start the program in a session of its own, so that Ctrl-C reaches only the launcher."""
        self.process = subprocess.Popen(
            self.words,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=self.out,
            pass_fds=self.fds,
            start_new_session=True,
            preexec_fn=die_with_parent(self.orphan_signal),
        )
        self.started_at = time.monotonic()
        self.start_again_at = None

    def ended(self) -> int | None:
        """Give the exit code if it ended (negative: the signal), else None."""
        return self.process.poll() if self.process else None

    def signal_all(self, sign: int) -> None:
        """Send a signal to the program and everything it started."""
        if self.process:
            try:
                os.killpg(self.process.pid, sign)
            except (ProcessLookupError, PermissionError):
                return


class Supervisor:
    """Keeps children running until it is told to stop by Ctrl-C, SIGTERM or SIGHUP."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.children: list[Child] = []
        self.stop_signals = 0

    def listen(self) -> None:
        """Take over the signals that mean stop; a SIGHUP ignored on purpose (nohup) stays ignored."""

        def stop(_sign: int, _frame: object) -> None:
            self.stop_signals += 1

        # Shells start background jobs with SIGINT ignored; setting a handler undoes that.
        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, stop)

    @property
    def stopping(self) -> bool:
        """Tell whether somebody asked to stop."""
        return self.stop_signals > 0

    def add(self, child: Child) -> Child:
        """Start a child and watch it from now on."""
        child.start()
        self.children.append(child)
        return child

    def look(self) -> None:
        """Start again what died: at once after a calm minute, later and later when it keeps dying."""
        now = time.monotonic()
        for child in self.children:
            if child.start_again_at is not None:
                if now >= child.start_again_at:
                    child.start()
                continue
            code = child.ended()
            if code is None:
                continue
            child.signal_all(signal.SIGTERM)  # whatever it started must not outlive it
            calm = now - child.started_at > CALM_SECONDS
            child.pause = 0.5 if calm else min(child.pause * 2, LONGEST_PAUSE_SECONDS)
            child.start_again_at = now + child.pause
            self.say(f"{child.name} {how_it_ended(code)}; starting it again in {child.pause:.0f} s")

    def database_came_back(self) -> None:
        """Let those begin anew who do not find a lost database again by themselves."""
        for child in self.children:
            if child.begins_with_database:
                child.signal_all(signal.SIGTERM)

    def stop(self) -> None:
        """Ask every child to finish what it has in hand, wait, and end what does not."""
        asked = self.stop_signals
        for child in self.children:
            child.signal_all(signal.SIGTERM)
        give_up = time.monotonic() + PATIENCE_SECONDS
        while any(child.process and child.ended() is None for child in self.children):
            if time.monotonic() > give_up or self.stop_signals > asked + 1:
                break
            time.sleep(0.05)
        for child in self.children:
            child.signal_all(signal.SIGKILL)
            if child.process:
                child.process.wait()


def how_it_ended(code: int) -> str:
    """Put an exit code into words."""
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
