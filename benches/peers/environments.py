"""A virtual environment for each peer, outside the project's."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import time
from pathlib import Path

from peers.registry import Peer

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ROOT / ".venv-peers"
INSTALL_SECONDS = 900


class UnavailableError(Exception):
    """A peer cannot be run here; the text says why."""


def interpreter(peer: Peer) -> str:
    """Return the Python that runs a peer, after installing what it needs.

    Raises
    ------
    UnavailableError
        If the peer does not install on this Python.
    """
    if sys.version_info < peer.python:
        here, needed = (".".join(map(str, v)) for v in (sys.version_info[:2], peer.python))
        raise UnavailableError(f"needs Python >= {needed}, this is {here}")
    if not peer.requirements:
        return sys.executable
    folder = ENVIRONMENTS / peer.environment
    python, done = folder / "bin" / "python", folder / ".installed"
    wanted = "\n".join(peer.requirements)
    if not (done.exists() and done.read_text() == wanted):
        install(peer, folder, python)
        done.write_text(wanted)
    return str(python)


def install(peer: Peer, folder: Path, python: Path) -> None:
    """Make an environment and let pip fill it from its default index."""
    print(f"  installing {', '.join(peer.requirements)} ...", flush=True)
    run([sys.executable, "-m", "venv", "--clear", str(folder)])
    if peer.shares_torch:
        # packages of the peer's own come first on the path; the project's stand in where pip finds them fit
        share = folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
        (share / "project.pth").write_text(sysconfig.get_path("purelib") + "\n")
    started = time.perf_counter()
    run([str(python), "-m", "pip", "install", "--disable-pip-version-check", "--quiet", *peer.requirements])
    print(f"  installed in {time.perf_counter() - started:.0f} s", flush=True)


def run(command: list[str]) -> None:
    """Run a command; turn its failure into a reason."""
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"does not install within {INSTALL_SECONDS} s") from error
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR")]
        raise UnavailableError(f"does not install: {(errors or lines or ['no message'])[0]}") from error
