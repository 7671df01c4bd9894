"""Our side of the conversation with a peer's program."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple, Self

from peers.environments import ROOT, UnavailableError, interpreter
from peers.protocol import N_CPUS, THREAD_VARIABLES, Floats, decode, descendants
from peers.registry import Peer

START_SECONDS = 180


class Played(NamedTuple):
    """One round: wall time, peak memory so far, the global model after it, what the peer remarks."""

    seconds: float
    peak_bytes: int
    model: Floats
    notes: dict[str, Any]


class Player:
    """A peer's program on one workload, from its start to its end.

    Raises
    ------
    UnavailableError
        If the program cannot be installed, does not start, or fails or takes too long in a round.
    """

    def __init__(self, peer: Peer, workload: Path, log: Path, *, round_seconds: float) -> None:
        self.peer = peer
        self._round_seconds = round_seconds
        self._log = log
        python = interpreter(peer)
        with log.open("w") as errors:
            self._process = subprocess.Popen(
                [python, "-P", "-m", f"peers.{peer.module}", str(workload), *peer.arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment(own=not peer.requirements),
                cwd=workload.parent,
                start_new_session=True,
            )
        ready = self._answer(START_SECONDS)
        self.versions: dict[str, str] = ready["versions"]
        self.start_bytes: int = ready["peak_bytes"]

    def play(self) -> Played:
        """Ask for a round and wait for it."""
        stdin = self._pipe(self._process.stdin)
        try:
            stdin.write("play\n")
            stdin.flush()
        except BrokenPipeError as error:
            raise UnavailableError(self._last_words()) from error
        answer = self._answer(self._round_seconds)
        return Played(answer["seconds"], answer["peak_bytes"], decode(answer["model"]), answer["notes"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(20 if error is None else 1)

    def end(self, patience: float) -> None:
        """Let the program end by itself, or end it and the processes that it started."""
        below = {process: birth(process) for process in descendants(self._process.pid)}
        self._pipe(self._process.stdin).close()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            below |= {process: birth(process) for process in descendants(self._process.pid)}
            self._process.kill()
            self._process.wait()
        for process, born in below.items():
            end_if_left(process, born)

    def _answer(self, seconds: float) -> dict[str, Any]:
        """Read the next line of the program."""
        stdout = self._pipe(self._process.stdout)
        if not select.select([stdout], [], [], seconds)[0]:
            self.end(0)
            raise UnavailableError(f"gives no answer within {seconds:.0f} s")
        line = stdout.readline()
        if not line:
            self.end(5)
            raise UnavailableError(self._last_words())
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _last_words(self) -> str:
        lines = [line for line in self._log.read_text(errors="replace").splitlines() if line.strip()]
        return f"fails: {lines[-1].strip() if lines else 'without a message'}"

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None, "the program was started with pipes"
        return pipe


def end_if_left(process: int, born: str) -> None:
    """Kill a process that a peer left behind, unless its id has passed to another."""
    end = time.monotonic() + 2
    while born and birth(process) == born:
        if time.monotonic() > end:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            return
        time.sleep(0.1)


def birth(process: int) -> str:
    """Return when a process began, in ticks, or nothing where it has ended: with its id, this names it."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def environment(*, own: bool) -> dict[str, str]:
    """Return a program's environment: two threads a library, no GPU, no telemetry."""
    path = [str(ROOT / "benches")]
    if own and os.environ.get("PYTHONPATH"):
        path.append(os.environ["PYTHONPATH"])
    return {
        **os.environ,
        **dict.fromkeys(THREAD_VARIABLES, str(N_CPUS)),
        "PYTHONPATH": os.pathsep.join(path),
        "CUDA_VISIBLE_DEVICES": "",
        "JAX_PLATFORMS": "cpu",
        "FLWR_TELEMETRY_ENABLED": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
    }


def ask_once(module: str, *arguments: str) -> dict[str, Any]:
    """Run a program of this package that prints one line of JSON and ends."""
    command = [sys.executable, "-P", "-m", f"peers.{module}", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment(own=True))
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
