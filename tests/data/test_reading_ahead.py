"""Flows are read a chunk ahead of their use, and nothing of that shows."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from cfmt.data.columns import Columns
from cfmt.data.flow_stream import stream_flows
from cfmt.errors import DataError

COLUMNS = Columns(("bytes",), {})
N_ROWS = 70_000  # more than a chunk holds


def reading_threads() -> list[str]:
    """Name the threads that read ahead."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("cfmt-reading")]


def test_all_rows_come_in_order_and_no_thread_stays(tmp_path: Path) -> None:
    path = tmp_path / "flows.csv"
    path.write_text("bytes\n" + "".join(f"{i}\n" for i in range(N_ROWS)))
    chunks = list(stream_flows(COLUMNS, path))
    assert len(chunks) > 1
    assert [row for chunk in chunks for row in chunk.rows.tolist()] == list(range(N_ROWS))
    assert [value for chunk in chunks for value in chunk.table.numeric[:, 0].tolist()] == list(range(N_ROWS))
    assert reading_threads() == []


def test_a_fault_comes_after_the_rows_before_it(tmp_path: Path) -> None:
    path = tmp_path / "flows.csv"
    path.write_text("bytes\n" + "7\n" * N_ROWS + "7,8\n")
    chunks = stream_flows(COLUMNS, path)
    assert next(chunks).table.n_rows > 0
    with pytest.raises(DataError, match=f"line {N_ROWS + 2}: has 2 cells"):
        list(chunks)
    assert reading_threads() == []


def test_who_stops_early_leaves_nothing_open(tmp_path: Path) -> None:
    path = tmp_path / "flows.csv"
    path.write_text("bytes\n" + "7\n" * 3 * N_ROWS)
    chunks = stream_flows(COLUMNS, path)
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]  # a generator's
    assert reading_threads() == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_read_ahead(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=("bytes\n1\n2\n",))
    writer.start()
    (chunk,) = stream_flows(COLUMNS, path)
    writer.join()
    assert chunk.table.numeric[:, 0].tolist() == [1, 2]
