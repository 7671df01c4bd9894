"""Damaged files: each is read, or ends in one clear error. ``make fuzz N=100000`` takes many of them."""

from __future__ import annotations

import io
import random
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from cfmt.data.columns import Columns, needed_of
from cfmt.data.flow_stream import flow_chunk
from cfmt.data.readers import Chunk, Needed, detect, read_chunks
from cfmt.data.readers.detection import read_text
from cfmt.data.readers.text import Text
from cfmt.detector import Detector
from cfmt.errors import DataError
from support.damage import damaged
from support.error_words import fault_of_words
from support.fuzzing import N_FILES, go_through
from support.sound_files import SOUND, detector_of


def whole(path: Path, rows_at_once: int = 1000) -> tuple[list[Chunk], str]:
    """All that is read of a file, and the words of the error that it ends in; empty where it ends in none."""
    chunks: list[Chunk] = []
    try:
        layout, n_rows = detect(path), 0
        for chunk in read_chunks(path, rows_at_once=rows_at_once):
            assert len(chunk.lines) == chunk.frame.height > 0
            assert chunk.first == n_rows
            assert tuple(chunk.frame.columns[: len(layout.columns)]) == layout.columns
            n_rows += chunk.frame.height
            chunks.append(chunk)
    except DataError as error:
        return chunks, str(error)
    return chunks, ""


def rows(chunks: list[Chunk], names: list[str]) -> list[tuple[object, ...]]:
    """The rows of chunks with their lines."""
    return [
        (line, *row)
        for chunk in chunks
        for line, row in zip(chunk.lines.tolist(), chunk.frame.select(names).rows(), strict=True)
    ]


def flows(columns: Columns, chunks: Iterable[Chunk], detector: Detector) -> list[object] | str:
    """What a detector gets of chunks, and says of them; or the words of the error."""
    found: list[object] = []
    try:
        for chunk in chunks:
            made = flow_chunk(columns, chunk)
            scores = detector.predict_proba(made.table)
            assert np.isfinite(scores).all()
            assert len(scores) + made.n_dropped == len(chunk.lines)
            if made.fault:
                check_words(made.fault, chunk.path, remedy=False)
            cells = {name: list(column) for name, column in made.passed.items()}
            labels = None if made.labels is None else list(made.labels)
            told = (made.rows.tolist(), made.fault, cells, labels, scores.tolist())
            found.append((chunk.lines.tolist(), *told))
    except DataError as error:
        return str(error)
    return found


def check_words(words: str, path: Path | str, *, remedy: bool = True) -> None:
    """Fail where an error does not say what it should."""
    fault = fault_of_words(words, path, remedy=remedy)
    assert not fault, f"{fault}: {words[:1000]}"


def check(path: Path, columns: Columns, needed: Needed, detector: Detector) -> str:
    """Read a file in every way, which must come to the same; tell what it comes to."""
    chunks, words = whole(path)
    made = flows(columns, chunks, detector)
    plain = words if words and not isinstance(made, str) else made
    for told in (words, plain):
        if told and isinstance(told, str):
            check_words(told, path)
    quick = flows(columns, read_chunks(path, rows_at_once=1000, needed=needed), detector)
    is_free = (
        "cannot be read as Parquet" in words  # the pages of other columns are then not looked at
        or (
            isinstance(plain, str) and "lacks the column" in plain
        )  # which JSON is granted where it is needed
    )
    assert plain == quick or is_free, f"needed: {str(quick)[:500]} all: {str(plain)[:500]}"
    content = path.read_bytes()
    if chunks and zlib.crc32(content) % 10 == 0 and detect(path).format in ("csv", "zeek", "arff"):
        parts, again = whole(path, 2)
        assert bool(again) == bool(words), f"in parts: {again[:500]} at once: {words[:500]}"
        names = chunks[0].frame.columns
        assert words or rows(parts, names) == rows(chunks, names), "in parts"
    return "refused" if words else "no flows" if isinstance(made, str) else "read"


class Drip:
    """A stream that gives some bytes at a time, as one that goes on does."""

    def __init__(self, content: bytes, draw: random.Random) -> None:
        self._source, self._draw = io.BytesIO(content), draw

    def read(self, n: int) -> bytes:
        return self._source.read(min(n, self._draw.choice((7, 100, 5000, 1 << 20))))


def check_live(path: Path, columns: Columns, needed: Needed) -> str:
    """Read a file as it comes: lines come in their order, and one that is faulty is counted."""
    content = path.read_bytes()
    n_rows, last = 0, 0
    try:
        text = Text(Drip(content, random.Random(zlib.crc32(content))), str(path), live=True)
        for chunk in read_text(text, needed=needed):
            made = flow_chunk(columns, chunk)
            lines = chunk.lines.tolist()
            assert lines == sorted({*lines})
            assert last < lines[0]
            assert made.table.n_rows + made.n_dropped == len(lines)
            n_rows, last = n_rows + len(lines), lines[-1]
    except DataError as error:
        check_words(str(error), path)
        return "refused"
    assert n_rows + text.n_faulty <= text.last + 1
    if text.n_faulty:
        check_words(text.fault, path)
    return "left out" if text.n_faulty else "read"


@pytest.mark.timeout(0)
@pytest.mark.parametrize("kind", sorted(SOUND.keys() - {"parquet"}))
def test_damaged_streams_go_on(tmp_path: Path, kind: str) -> None:
    sound, path = SOUND[kind], tmp_path / "flows"
    outcomes = go_through(
        f"live {kind}",
        path,
        lambda draw: damaged(sound.content, draw, sound.damages),
        lambda: check_live(path, sound.columns, needed_of(sound.columns)),
    )
    assert N_FILES < 100 or outcomes["left out"] > 0 < outcomes["read"]


@pytest.mark.timeout(0)
@pytest.mark.parametrize("kind", SOUND)
def test_damaged_files_are_read_or_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    sound, path = SOUND[kind], tmp_path / "flows"
    detector, needed = detector_of(sound, path), needed_of(sound.columns)
    outcomes = go_through(
        kind,
        path,
        lambda draw: damaged(sound.content, draw, sound.damages),
        lambda: check(path, sound.columns, needed, detector),
    )
    assert N_FILES < 100 or outcomes["read"] > 0 < outcomes["refused"]
