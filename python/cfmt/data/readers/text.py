"""Text as blocks of whole lines in UTF-8, whatever its encoding, in bounded memory."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np

from cfmt.errors import DataError

__all__ = ["HEAD", "MOST_LINE", "Block", "ByteStream", "Text", "refuse_binary"]

HEAD = 1 << 18  # bytes that are looked at to tell the layout
MOST_LINE = 1 << 20  # bytes: a longer one is no line of flows
_PIECE = 1 << 23  # bytes read at once, and so of a block at most, with the beginning of its first line

_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_MARKS = re.compile(rb"^(?:\xef\xbb\xbf)+", re.MULTILINE)  # byte order marks
_CP1252 = {byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(128, 256)}
_NO_TEXT = (
    (b"PK\x03\x04", "is a zip archive; unpack it: unzip FILE"),
    (b"version https://git-lfs", "is a Git LFS pointer, not the data; fetch them: git lfs pull"),
    (b"\xfd7zXZ\x00", "is compressed with xz; decompress it: unxz FILE"),
    (b"BZh", "is compressed with bzip2; decompress it: bunzip2 FILE"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive; unpack it: 7z x FILE"),
    (b"Rar!\x1a\x07", "is a rar archive; unpack it: unrar x FILE"),
    (b"\xd4\xc3\xb2\xa1", "is a capture of packets; make flows of it first, with Zeek or nfstream"),
    (b"\xa1\xb2\xc3\xd4", "is a capture of packets; make flows of it first, with Zeek or nfstream"),
    (b"\x4d\x3c\xb2\xa1", "is a capture of packets; make flows of it first, with Zeek or nfstream"),
    (b"\x0a\x0d\x0d\x0a", "is a capture of packets; make flows of it first, with Zeek or nfstream"),
    (b"ARROW1", "is an Arrow file; write it as Parquet"),
    (b"%PDF-", "is a PDF document; give a file with flows"),
    (b"<!doctype html", "is a web page, not the data; fetch the file itself"),
    (b"<html", "is a web page, not the data; fetch the file itself"),
)


def refuse_binary(start: bytes, path: str) -> None:
    """Refuse what is known to be no text of flows.

    Parameters
    ----------
    start : bytes
        The first bytes of the file, decompressed.
    path : str
        Its name, for messages.

    Raises
    ------
    DataError
        Says what it is, and the remedy.
    """
    for magic, words in _NO_TEXT:
        if start.startswith(magic) or (magic[:1] == b"<" and start.lstrip().lower().startswith(magic)):
            raise DataError(f"{path}: {words}")


class ByteStream(Protocol):
    """What gives bytes; one that goes on may say by ``is_stopped`` that a last line has no end yet."""

    def read(self, n: int, /) -> bytes:
        """Give at most n bytes; none mean the end."""
        ...


class Block(NamedTuple):
    """Whole lines: number of the first, and their bytes in UTF-8, each line ended by a line feed."""

    first: int
    content: bytes

    @property
    def n_lines(self) -> int:
        """Number of lines."""
        return self.content.count(b"\n")

    def after(self, line: int) -> Block:
        """Leave out the lines up to one, given by its number."""
        n, at = max(0, min(line - self.first + 1, self.n_lines)), 0
        for _ in range(n):
            at = self.content.index(b"\n", at) + 1
        return Block(self.first + n, self.content[at:])

    def lines(self) -> Iterator[tuple[int, str]]:
        """Give each line with its number, without its end."""
        lines = self.content.decode().removesuffix("\n").split("\n") if self.content else []
        return enumerate(lines, start=self.first)


class Text:
    """The lines of a stream; its beginning may be looked at before it is read.

    Parameters
    ----------
    stream : file object
        Gives uncompressed bytes.
    path : str
        Its name, for messages.
    live : bool, default=False
        Whether the stream goes on. Then its beginning is what tells the layout, each read gives what is
        there, faulty lines are left out and counted, and a line that has no end yet stays unread.

    Raises
    ------
    DataError
        If it is no text: also while it is read.
    """

    def __init__(self, stream: ByteStream, path: str, *, live: bool = False) -> None:
        self.path = path
        self.n_faulty = 0
        self.fault = ""  # the first of them
        self._live, self._skips, self._reads = live, False, False
        self._stream = stream
        start = self._read_head()
        refuse_binary(start, path)
        self._codec = _UTF16.get(start[:2], "")
        self.encoding = "utf-16" if self._codec else "utf-8"
        self._decoder = codecs.getincrementaldecoder(self._codec)() if self._codec else None
        start = start[2 if self._codec else 0 :]
        self._start = start.removeprefix(codecs.BOM_UTF8)
        self._rest = b""  # a line that has begun
        self._next = 1  # number of the line that comes
        self.is_cut = False  # whether the last line has no end; known once all is read

    @property
    def is_live(self) -> bool:
        """Whether the stream goes on."""
        return self._live

    def begins_with(self, magic: bytes) -> bool:
        """Tell whether these are the first bytes."""
        return self._start.startswith(magic)

    @property
    def last(self) -> int:
        """Number of the last line that was read."""
        return self._next - 1

    def _read_head(self) -> bytes:
        """Read the first bytes, fewer only where there are no more."""
        parts, size = [], 0
        while size < HEAD and (piece := self._stream.read(HEAD - size)):
            parts.append(piece)
            size += len(piece)
            if self._live and _tells_layout(b"".join(parts)):
                break
        return b"".join(parts)

    def head(self) -> Block:
        """Look at the first whole lines, without reading them; all lines where the file is short."""
        content = self._start
        is_whole = len(content) < HEAD - 3 and not self._live  # 3 bytes of a mark may be cut off
        if self._codec:
            content = content.decode(self._codec, "replace").encode()
        end = len(content) if is_whole else content.rfind(b"\n") + 1 or len(content)
        lines = content[:end]
        if not self._codec and not _is_utf8(lines):
            self.encoding = "cp1252"
        if lines and not lines.endswith(b"\n"):
            lines += b"\n"
        return Block(1, self._clean(lines, 1))

    def blocks(self, n_lines: int) -> Iterator[Block]:
        """Give blocks of ``n_lines`` lines at most, and of some megabytes."""
        self._reads = True
        for piece in self._pieces():
            self._refuse_long(piece)
            for part, taken in _cut(piece, n_lines):
                first = self._next
                self._next += taken
                yield Block(first, self._clean(part, first))

    def _pieces(self) -> Iterator[bytes]:
        """Give pieces of whole lines; a last line without an end gets one."""
        piece, self._start = self._start + (b"" if self._live else self._read()), b""
        while piece or (piece := self._read()):
            if self._decoder is not None:
                piece = self._to_utf8(piece)
            if self._skips:
                dropped, self._skips = piece.find(b"\n") + 1, b"\n" not in piece
                piece = b"" if self._skips else piece[dropped:]
                self._next += not self._skips
            end = piece.rfind(b"\n") + 1
            if end:
                yield b"".join((self._rest, memoryview(piece)[:end]))
                self._rest = piece[end:]
            else:
                self._rest += piece
            if len(self._rest) > MOST_LINE:
                self.leave_out(self._too_long(self._next))
                self._rest, self._skips = b"", True
            piece = b""
        if self._decoder is not None:
            self._rest += self._to_utf8(b"", final=True)
        if self._rest and not getattr(self._stream, "is_stopped", False):
            self.is_cut = True
            yield self._rest + b"\n"

    def _read(self) -> bytes:
        """Read the next bytes."""
        return self._stream.read(_PIECE)

    def _to_utf8(self, piece: bytes, *, final: bool = False) -> bytes:
        """Turn bytes of UTF-16 into UTF-8."""
        assert self._decoder is not None
        try:
            return self._decoder.decode(piece, final).encode()
        except UnicodeError as error:
            raise DataError(
                f"{self.path}: line {self._next}: is damaged UTF-16, or soon after it; save the file as UTF-8"
            ) from error

    def _refuse_long(self, piece: bytes) -> None:
        """Refuse a line that is absurdly long."""
        start = 0
        while len(piece) - start > MOST_LINE:
            end = piece.rfind(b"\n", start, start + MOST_LINE)
            if end < 0:
                self.leave_out(self._too_long(self._next + piece.count(b"\n", 0, start)))
                end = piece.index(b"\n", start)
            start = end + 1

    def _too_long(self, line: int) -> DataError:
        """Make the error for a line that is absurdly long."""
        return DataError(
            f"{self.path}: line {line}: is longer than {MOST_LINE:,} bytes; give a text with one flow a line"
        )

    def leave_out(self, error: DataError) -> None:
        """Raise the error of a line; where the text is live, count it and go on.

        Parameters
        ----------
        error : DataError
            Names the line.
        """
        if not self._live:
            raise error
        if self._reads:  # not while its beginning is looked at, as it is more than once
            self.n_faulty += 1
            self.fault = self.fault or str(error)

    def _clean(self, content: bytes, first: int) -> bytes:
        """Return lines in UTF-8 that end in line feeds; refuse what no text holds."""
        if codecs.BOM_UTF8 in content:  # within: of files that were put together
            content = _MARKS.sub(b"", content)
        if self._live:
            return self._clean_lines(content, first)
        if b"\0" in content:
            line = first + content[: content.index(b"\0")].count(b"\n")
            raise DataError(
                f"{self.path}: line {line}: holds a NUL byte, so it is no text; give a text file in UTF-8"
            )
        if b"\r" in content:
            content = content.replace(b"\r\n", b"\n")
            at = content.find(b"\r")
            if at >= 0:
                line = first + content[:at].count(b"\n")
                raise DataError(
                    f"{self.path}: line {line}: holds a carriage return that ends no line; end lines with "
                    "line feeds, alone or after a carriage return"
                )
        if not _is_utf8(content):
            content = b"\n".join(_as_utf8(line) for line in content.split(b"\n"))
        return content

    def _clean_lines(self, content: bytes, first: int) -> bytes:
        """Return lines in the same form; a faulty one becomes blank."""
        if b"\0" not in content and b"\r" not in content and len(content) <= MOST_LINE:
            return content if _is_utf8(content) else b"\n".join(map(_as_utf8, content.split(b"\n")))
        lines = content.removesuffix(b"\n").split(b"\n")
        for place, line in enumerate(lines):
            bare = line.removesuffix(b"\r")
            if len(bare) > MOST_LINE:
                bare = b""  # told already
            elif b"\0" in bare or b"\r" in bare:
                self.leave_out(
                    DataError(
                        f"{self.path}: line {first + place}: holds a NUL byte or a carriage return that ends "
                        "no line, so it is no text; write lines of text in UTF-8"
                    )
                )
                bare = b""
            lines[place] = _as_utf8(bare)
        return b"\n".join(lines) + b"\n"


def _tells_layout(start: bytes) -> bool:
    """Tell whether there are lines enough: a row under its header, or one that names its columns itself."""
    lines = [line for line in start.split(b"\n")[:-1] if line.strip()]
    n_rows = sum(not line.startswith(b"#") for line in lines)
    return n_rows > (0 if start.startswith((b"#", b"{")) else 1)


def _cut(piece: bytes, n_lines: int) -> Iterator[tuple[bytes, int]]:
    """Cut whole lines into parts of ``n_lines``; give each with how many it has."""
    n = piece.count(b"\n")
    if n <= n_lines:
        yield piece, n
        return
    ends = np.flatnonzero(np.frombuffer(piece, np.uint8) == ord("\n")) + 1
    start = 0
    for at in range(0, n, n_lines):
        taken = min(n_lines, n - at)
        stop = int(ends[at + taken - 1])
        yield piece[start:stop], taken
        start = stop


def _is_utf8(content: bytes) -> bool:
    """Tell whether bytes are UTF-8."""
    if content.isascii():
        return True
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _as_utf8(line: bytes) -> bytes:
    """Return a line in UTF-8; one that is not is taken for Windows' code page 1252."""
    if _is_utf8(line):
        return line
    return line.decode("latin-1").translate(_CP1252).encode()
