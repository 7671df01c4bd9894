"""``cfmt score --follow``: real processes on files that grow, are rotated, cut off and killed."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.detectors import invoke
from support.flows import write_csv

HEADER = "uid,bytes,proto"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    flows = csv.DictReader(f"{HEADER}\n{lines(0, 600)}".splitlines())
    rows = [[*flow.values(), "bad" if int(flow["bytes"]) > 600 else "ok"] for flow in flows]
    table = write_csv(folder / "train.csv", [*HEADER.split(","), "label"], rows)
    labels = ["--split", "random", "--label", "label", "--normal", "ok"]
    small = ["--method", "fedavg", "--clients", 2, "--rounds", 2, "-q"]
    code, _, err = invoke("train", "--data", table, *labels, *small, "--out", folder / "run")
    assert code == 0, err
    return folder / "run" / "model.safetensors"


def lines(first: int, n: int) -> str:
    """Flows with an id each."""
    return "".join(f"C{i},{i % 97 * 10},{'tcp' if i % 3 else 'udp'}\n" for i in range(first, first + n))


@contextmanager
def following(
    model: Path, source: Path | str, *options: object, **keys: object
) -> Iterator[subprocess.Popen[bytes]]:
    """Run it in a process of its own; kill it at the end."""
    command = [sys.executable, "-m", "cfmt", "score", model, source, "--follow", "--poll", "50ms", *options]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    keys = {"stdout": subprocess.PIPE} | keys
    words = [str(word) for word in command]
    process = subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, **keys)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for something to come true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.02)


def ids(out: Path) -> list[str]:
    """The ids in an output file, whole lines only."""
    text = out.read_text() if out.exists() else ""
    return [row["uid"] for row in csv.DictReader(text[: text.rfind("\n") + 1].splitlines())]


def expected(*ranges: tuple[int, int]) -> list[str]:
    return [f"C{i}" for first, n in ranges for i in range(first, first + n)]


def stop(process: subprocess.Popen[bytes]) -> str:
    """End it in good order; return what it told."""
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    return err.decode()


def test_a_file_that_grows_line_by_line(model: Path, tmp_path: Path) -> None:
    log, out = tmp_path / "flows.csv", tmp_path / "out.csv"
    log.write_text(f"{HEADER}\n" + lines(0, 3))
    with following(model, log, "--out", out) as process, log.open("a") as file:
        until(lambda: ids(out) == expected((0, 3)))
        file.write(lines(3, 2) + "C5,7")
        file.flush()
        until(lambda: ids(out) == expected((0, 5)))  # the sixth has no end yet
        file.write("0,tcp\n")
        file.flush()
        until(lambda: ids(out) == expected((0, 6)))
        assert stop(process).splitlines()[-1].startswith("6 rows, 6 rows scored")


def test_rotation_by_renaming(model: Path, tmp_path: Path) -> None:
    log, out = tmp_path / "flows.csv", tmp_path / "out.csv"
    log.write_text(f"{HEADER}\n" + lines(0, 3))
    with following(model, log, "--out", out) as process, log.open("a") as old:
        until(lambda: len(ids(out)) == 3)
        log.rename(tmp_path / "flows.csv.1")
        old.write(lines(3, 2))  # the writer has not noticed yet
        old.flush()
        log.write_text(f"{HEADER}\n" + lines(5, 4))
        until(lambda: len(ids(out)) == 9)
        assert ids(out) == expected((0, 9))
        stop(process)


@pytest.mark.parametrize("way", ["truncate", "copytruncate", "recreate"])
def test_a_file_that_begins_anew(model: Path, tmp_path: Path, way: str) -> None:
    log, out = tmp_path / "flows.csv", tmp_path / "out.csv"
    log.write_text(f"{HEADER}\n" + lines(0, 50))
    with following(model, log, "--out", out) as process:
        until(lambda: len(ids(out)) == 50)
        if way == "recreate":
            log.unlink()
            time.sleep(0.2)
        text = f"{HEADER}\n" + lines(50, 70 if way == "copytruncate" else 4)
        log.write_text(text)  # longer than before, or shorter
        n = 120 if way == "copytruncate" else 54
        until(lambda: len(ids(out)) == n)
        assert ids(out) == expected((0, n))
        told = stop(process)
        assert ("was cut off" in told) == (way != "recreate")
        assert ("is gone" in told) == (way == "recreate")


def test_a_kill_loses_and_doubles_nothing(model: Path, tmp_path: Path) -> None:
    log, out, state = tmp_path / "flows.csv", tmp_path / "out.csv", tmp_path / "state.json"
    log.write_text(f"{HEADER}\n")
    n = 0
    for turn in range(4):
        with following(model, log, "--out", out, "--state", state) as process, log.open("a") as file:
            for _ in range(10):
                file.write(lines(n, 500))
                file.flush()
                n += 500
            until(lambda n=n, turn=turn: len(ids(out)) > n - 5000 + 1000 * turn)  # type: ignore[misc]  # a lambda's defaults
            process.kill()
    log.rename(tmp_path / "flows.csv.1")  # rotated while nobody looked
    log.write_text(f"{HEADER}\n" + lines(n, 7))
    with following(model, log, "--out", out, "--state", state) as process:
        until(lambda: len(ids(out)) == n + 7)
        stop(process)
    assert ids(out) == expected((0, n + 7))


def test_a_state_of_something_else_is_refused(model: Path, tmp_path: Path) -> None:
    log, state = tmp_path / "flows.csv", tmp_path / "state.json"
    log.write_text(f"{HEADER}\n" + lines(0, 3))
    with following(model, log, "--state", state) as process:
        until(state.exists)
        stop(process)
    other = tmp_path / "other.csv"
    other.write_text(log.read_text())
    code, _, err = invoke("score", model, other, "--follow", "--state", state)
    assert code == 1
    assert "is that of another input" in err
    state.write_text("{")
    code, _, err = invoke("score", model, log, "--follow", "--state", state)
    assert code == 1
    assert "remove it to begin anew" in err


def test_faulty_lines_are_counted_and_told(model: Path, tmp_path: Path) -> None:
    log, out = tmp_path / "flows.csv", tmp_path / "out.csv"
    log.write_text(f"{HEADER}\n" + lines(0, 2))
    faulty = ["C,1,2,3,4", "C,many,tcp", "C\0,1,tcp", 'C"x,"1,tcp', "C," + "9" * (1 << 21) + ",tcp", ""]
    with following(model, log, "--out", out) as process, log.open("a") as file:
        until(lambda: len(ids(out)) == 2)
        file.write("\n".join(faulty) + "\n" + lines(2, 3))
        file.flush()
        until(lambda: len(ids(out)) == 5)
        told = stop(process)
    assert "5 rows scored" in told
    assert "5 rows dropped" in told
    assert "warning: " in told


def test_a_folder_that_fills(model: Path, tmp_path: Path) -> None:
    import polars as pl

    folder, out = tmp_path / "flows", tmp_path / "out.csv"
    folder.mkdir()
    with following(model, folder, "--out", out) as process:
        (folder / "a.csv").write_text(f"{HEADER}\n" + lines(0, 3))
        until(lambda: len(ids(out)) == 3)
        with (folder / "a.csv").open("a") as file:
            file.write(lines(3, 1))
        until(lambda: len(ids(out)) == 4)
        frame = pl.read_csv((f"{HEADER}\n" + lines(4, 3)).encode())
        frame.write_parquet(tmp_path / "b.parquet")
        (tmp_path / "b.parquet").rename(folder / "b.parquet")
        until(lambda: len(ids(out)) == 7)
        (folder / "c.csv").write_text(f"{HEADER}\n" + lines(7, 2))
        until(lambda: len(ids(out)) == 9)
        assert ids(out) == expected((0, 9))
        stop(process)


def test_a_pipe_is_scored_as_it_comes(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    with following(model, "-", "--out", out, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(f"{HEADER}\n{lines(0, 2)}".encode())
        process.stdin.flush()
        until(lambda: len(ids(out)) == 2)
        process.stdin.write(lines(2, 1).encode() + b"C3,1")
        process.stdin.flush()
        until(lambda: len(ids(out)) == 3)
        _, err = process.communicate(b"0,tcp\n", timeout=30)
        assert process.returncode == 0, err
    assert ids(out) == expected((0, 4))


def test_only_what_is_new(model: Path, tmp_path: Path) -> None:
    log, out = tmp_path / "flows.csv", tmp_path / "out.csv"
    log.write_text(f"{HEADER}\n" + lines(0, 30))
    with (
        following(model, log, "--out", out, "--from-end", "--every", "100ms") as process,
        log.open("a") as file,
    ):
        assert process.stderr is not None
        process.stderr.readline()  # it is at work
        file.write(lines(30, 2))
        file.flush()
        until(lambda: ids(out) == expected((30, 2)))
        stop(process)


def resident(process: subprocess.Popen[bytes]) -> int:
    """Megabytes that a process holds in memory, at its most until now."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    told = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(told[0].split()[1]) // 1024 if told else 0  # one that has ended holds nothing


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory of a process is read from /proc")
@pytest.mark.parametrize("way", ["file", "pipe"])
def test_a_flood_is_bounded_counted_and_lost_nowhere(model: Path, tmp_path: Path, way: str) -> None:
    log, out = tmp_path / "flows.csv", tmp_path / "out.csv"
    log.write_text(f"{HEADER}\n" + lines(0, 2))
    flood, n = (lines(0, 50_000) * 40).encode(), 2_000_002  # 33 MB at once: seconds of work
    source, stdin = (log, subprocess.DEVNULL) if way == "file" else ("-", subprocess.PIPE)
    with following(model, source, "--out", out, "--every", "200ms", stdin=stdin) as process:
        if way == "file":
            until(lambda: len(ids(out)) == 2)
            calm = resident(process)
            with log.open("ab") as file:
                file.write(flood)
            until(lambda: out.stat().st_size > n * 12)
            until(lambda: out.read_bytes().count(b"\n") == n + 1)
            peak = resident(process)
            told = stop(process)
            assert "bytes behind" in told
        else:
            assert process.stdin is not None
            process.stdin.write(log.read_bytes())
            process.stdin.flush()
            until(lambda: len(ids(out)) == 2)
            calm = resident(process)
            process.stdin.write(flood)  # waits as long as nobody reads
            peak = resident(process)
            _, err = process.communicate(timeout=60)
            told = err.decode()
    assert f"{n:,} rows, {n:,} rows scored" in told.splitlines()[-1]
    assert peak - calm < 300, (calm, peak)
