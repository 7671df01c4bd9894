"""Damaged files, drawn from a seed: what disks, networks, editors, scripts and enemies make of sound ones."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
from collections.abc import Callable

Damage = Callable[[bytearray, random.Random], None]

PIECES = [bytes([byte]) for byte in b"\n\r\0,;|\"'\t#@{}[]:%\\\x1b\xff\xe9-?"]
PIECES += [b"#fields\t", b"#separator ", b"#unset_field\t", b"@data\n", b"@attribute x real\n", b"\\ud800"]
PIECES += [
    b"\x1f\x8b\x08",
    b"\x28\xb5\x2f\xfd",
    b"PAR1",
    b"PK\x03\x04",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\r\n",
]
PIECES += ["\u2028".encode(), "\u202e".encode(), "\ud83d\ude80".encode("utf-16", "surrogatepass")]
PIECES += [
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"null",
    b"{}",
    b"\\x00",
    b"\\u0000",
    b"=cmd|' /C'!A0",
]

NUMBERS = [
    b"1e999",
    b"-1e999",
    b"1e308",
    b"1e-400",
    b"-0",
    b"0x10",
    b"1_000",
    b"+5",
    b".5",
    b"5.",
    b"1e",
    b"--1",
]
NUMBERS += [
    b"nan",
    b"NaN",
    b"-Infinity",
    b"inf",
    b"true",
    b"1,000",
    b"1.2.3",
    b"9" * 400,
    b"9" * 5000,
    b"\xd9\xa1",
]
NUMBERS += [
    b"18446744073709551616",
    b"-9223372036854775809",
    b"9007199254740993",
    b"1" + b"0" * 101,
    b"-5",
    b"",
]
NUMBERS += [
    b"0." + b"3" * 1000,
    b"65536",
    b"-1",
    b"4294967296",
    b" 7 ",
    b"7\xc2\xa0",
    b"\xef\xbc\x97",
    b"1e5.5",
]


def damaged(content: bytes, draw: random.Random, damages: tuple[Damage, ...]) -> bytes:
    """Damage a file in one to four ways."""
    found = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 2, 3, 4))):
        draw.choice(damages)(found, draw)
    return bytes(found)


def _at(found: bytearray, draw: random.Random) -> int:
    return draw.randrange(len(found) + 1)


def _lines(found: bytearray) -> list[bytes]:
    return bytes(found).splitlines(keepends=True)


def _in_line(found: bytearray, draw: random.Random, change: Callable[[bytes], bytes]) -> None:
    """Change one line."""
    lines = _lines(found)
    if lines:
        at = draw.randrange(len(lines))
        lines[at] = change(lines[at])
        found[:] = b"".join(lines)


def flip(found: bytearray, draw: random.Random) -> None:
    for _ in range(draw.randint(1, 3)):
        if found:
            found[draw.randrange(len(found))] ^= 1 << draw.randrange(8)


def cut_off(found: bytearray, draw: random.Random) -> None:
    del found[_at(found, draw) :]


def delete(found: bytearray, draw: random.Random) -> None:
    at = _at(found, draw)
    del found[at : at + draw.choice((1, 2, 20, 200))]


def repeat(found: bytearray, draw: random.Random) -> None:
    """Copy a stretch to another place."""
    start = _at(found, draw)
    at = _at(found, draw)
    found[at:at] = found[start : start + draw.randint(1, 80)] * draw.choice((1, 1, 2, 50))


def insert(found: bytearray, draw: random.Random) -> None:
    at = _at(found, draw)
    found[at:at] = draw.choice(PIECES) * draw.choice((1, 1, 1, 2, 3, 100))


def noise(found: bytearray, draw: random.Random) -> None:
    at = _at(found, draw)
    found[at:at] = draw.randbytes(draw.choice((1, 2, 8, 300)))


def zeros(found: bytearray, draw: random.Random) -> None:
    """Lay zeros over a stretch, as a file system does that lost a block."""
    at, n = _at(found, draw), draw.choice((1, 16, 512))
    found[at : at + n] = bytes(len(found[at : at + n]))


def swap_lines(found: bytearray, draw: random.Random) -> None:
    lines = _lines(found)
    if len(lines) > 1:
        one, other = draw.sample(range(len(lines)), 2)
        lines[one], lines[other] = lines[other], lines[one]
        found[:] = b"".join(lines)


def repeat_line(found: bytearray, draw: random.Random) -> None:
    """Write a line again elsewhere, the first one most often: it may be a header."""
    lines = _lines(found)
    if lines:
        line = lines[0] if draw.random() < 0.6 else draw.choice(lines)
        lines.insert(draw.randrange(len(lines) + 1), line)
        found[:] = b"".join(lines)


def drop_line(found: bytearray, draw: random.Random) -> None:
    lines = _lines(found)
    if lines:
        del lines[0 if draw.random() < 0.3 else draw.randrange(len(lines))]
        found[:] = b"".join(lines)


def other_cell(found: bytearray, draw: random.Random) -> None:
    """Put an odd number in the place of a cell."""
    separator = draw.choice((b",", b"\t", b":", b"="))

    def change(line: bytes) -> bytes:
        cells = line.split(separator)
        cells[draw.randrange(len(cells))] = draw.choice(NUMBERS)
        return separator.join(cells)

    _in_line(found, draw, change)


def other_separator(found: bytearray, draw: random.Random) -> None:
    """Separate the cells of one line, or of all, by something else."""
    old, new = (
        draw.choice((b",", b"\t", b";")),
        draw.choice((b",", b"\t", b";", b"|", b" ", b", ", b",,", b"\x01")),
    )
    if draw.random() < 0.5:
        found[:] = found.replace(old, new)
    else:
        _in_line(found, draw, lambda line: line.replace(old, new))


def quote(found: bytearray, draw: random.Random) -> None:
    """Quote a cell, or half of it."""
    mark = draw.choice((b'"', b"'"))
    separator = draw.choice((b",", b"\t"))

    def change(line: bytes) -> bytes:
        cells = line.rstrip(b"\r\n").split(separator)
        at = draw.randrange(len(cells))
        cells[at] = mark + cells[at] + mark * draw.choice((0, 1, 1, 2, 3)) + draw.choice((b"", b" ", b"x"))
        return separator.join(cells) + b"\n"

    _in_line(found, draw, change)


def same_names(found: bytearray, draw: random.Random) -> None:
    """Give two columns of the first line one name."""
    lines = _lines(found)
    if lines:
        cells = lines[0].split(b",")
        cells[draw.randrange(len(cells))] = draw.choice(cells)
        found[:] = b",".join(cells) + b"".join(lines[1:])


def long_cell(found: bytearray, draw: random.Random) -> None:
    at = _at(found, draw)
    found[at:at] = draw.choice((b"x", b"1", b"\xff", "\xe9".encode(), b"'")) * draw.choice(
        (1_000, 10_000, 70_000)
    )


def long_line(found: bytearray, draw: random.Random) -> None:
    """Write a line beyond what is read; seldom, for it takes time."""
    at = _at(found, draw)
    found[at:at] = b"x" * (1_100_000 if draw.random() < 0.05 else 5_000)


def many_columns(found: bytearray, draw: random.Random) -> None:
    mark, n = draw.choice((b",", b"\t", b",1", b",x")), draw.choice((1, 2, 100, 20_000))
    if draw.random() < 0.3 and n <= 100:
        found[:] = b"".join(line.rstrip(b"\r\n") + mark * n + b"\n" for line in _lines(found))
    else:
        _in_line(found, draw, lambda line: line.rstrip(b"\r\n") + mark * n + b"\n")


def line_ends(found: bytearray, draw: random.Random) -> None:
    found[:] = found.replace(
        b"\n", draw.choice((b"\r\n", b"\r", b"\n\n", b"\n\r", b"\x0b", b"\x85", b"\r\r\n"))
    )


def encoding(found: bytearray, draw: random.Random) -> None:
    text = bytes(found).decode("utf-8", "replace")
    found[:] = text.encode(
        draw.choice(("utf-16", "utf-16-le", "utf-32", "cp1252", "utf-8-sig", "utf-7")), "replace"
    )


def compress(found: bytearray, draw: random.Random) -> None:
    """Compress the file; as often as not, damage what comes of it."""
    packed = bytearray(
        draw.choice((gzip.compress, gzip.compress, zstd, bz2.compress, lzma.compress))(bytes(found))
    )
    if draw.random() < 0.3:
        packed += draw.choice((gzip.compress, zstd))(bytes(found))
    if draw.random() < 0.6:
        draw.choice((flip, cut_off, delete, insert, noise, zeros))(packed, draw)
    found[:] = packed


def zstd(content: bytes) -> bytes:
    """Compress with zstd, or with gzip where its package is missing."""
    try:
        import zstandard
    except ImportError:
        return gzip.compress(content)
    return zstandard.compress(content)


def nest(found: bytearray, draw: random.Random) -> None:
    """Nest a value of JSON deeply."""
    n = draw.choice((3, 50, 900, 10_000))
    opening, closing = draw.choice(((b'{"a":', b"}"), (b"[", b"]"), (b'{"a":[', b"]}")))
    value = opening * n + b"1" + closing * draw.choice((n, n - 1))

    def change(line: bytes) -> bytes:
        at = line.find(b":", draw.randrange(len(line)))
        end = line.find(b",", at)
        return line[: at + 1] + value + line[end:] if 0 <= at < end else value + b"\n"

    _in_line(found, draw, change)


def other_keys(found: bytearray, draw: random.Random) -> None:
    """Add keys of JSON to a line: many, the same twice, odd ones."""
    keys = [f'"k{n}":{n},' for n in range(draw.choice((2, 2_000)))]
    keys += [f'"{name}":1,' for name in ("", "a.b", "\\n", "\\u0000", "\\u001b[31m", "\\ud800", "x" * 2_000)]
    more = "".join(draw.sample(keys, draw.choice((1, 2, len(keys))))).encode()
    _in_line(found, draw, lambda line: line.replace(b"{", b"{" + more, 1))


BINARY: tuple[Damage, ...] = (flip, flip, flip, cut_off, delete, repeat, insert, noise, zeros, compress)
TEXT: tuple[Damage, ...] = (
    *(flip, cut_off, delete, repeat, insert, insert, noise, zeros, swap_lines, repeat_line, drop_line),
    *(other_cell, other_cell, other_cell, other_separator, quote, same_names, long_cell, long_line),
    *(many_columns, line_ends, encoding, compress),
)
JSON: tuple[Damage, ...] = (*TEXT, nest, other_keys, other_cell, other_cell)
