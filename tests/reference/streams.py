"""The kernels' random streams: ChaCha with 8 rounds, written out from its definition (Bernstein, 2008)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SAMPLING = 7
BATCHES = 8

Words = npt.NDArray[np.uint32]


def _rotate(x: Words, n: int) -> Words:
    return (x << np.uint32(n)) | (x >> np.uint32(32 - n))


def _quarter_round(s: Words, a: int, b: int, c: int, d: int) -> None:
    for target, other, mixed, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[target] += s[other]
        s[mixed] = _rotate(s[mixed] ^ s[target], turn)


def stream_words(
    seed: int, purpose: int, round: int, item: int, n: int, *, part: int = 0
) -> npt.NDArray[np.uint64]:
    """The first ``n`` 64-bit words of one part of a stream, a part being 2^32 32-bit words long."""
    counter = np.arange(-(-n // 8), dtype=np.uint64) + np.uint64(part << 28)
    state = np.zeros((16, len(counter)), np.uint32)
    state[:4] = np.frombuffer(b"expand 32-byte k", np.uint32)[:, None]
    state[4:12] = np.array([seed, purpose, round, 0], np.uint64).view(np.uint32)[:, None]
    state[12:14] = counter.view(np.uint32).reshape(-1, 2).T
    state[14:] = np.array([item], np.uint64).view(np.uint32)[:, None]
    mixed = state.copy()
    for _ in range(4):
        for i in range(4):
            _quarter_round(mixed, i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            _quarter_round(mixed, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return np.ascontiguousarray((mixed + state).T).reshape(-1).view(np.uint64)[:n]


def row_words(
    seed: int, purpose: int, round: int, item: int, n: int, *, part: int = 0
) -> npt.NDArray[np.uint64]:
    """The words of rows, 128 from sixteen of ChaCha's blocks at a time.

    Row ``16 * i + b`` has the 32-bit word ``i`` of block ``b`` above, its word ``8 + i`` below.
    """
    n_tiles = -(-n // 128)
    words = stream_words(seed, purpose, round, item, 128 * n_tiles, part=part).view(np.uint32)
    high, low = np.moveaxis(words.reshape(n_tiles, 16, 2, 8), (2, 3), (0, 2)).reshape(2, -1).astype(np.uint64)
    return ((high << np.uint64(32)) | low)[:n]


def open_unit(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.float64]:
    """Random words as numbers between 0 and 1, both excluded."""
    return ((words >> np.uint64(12)).astype(np.float64) + 0.5) / 2.0**52
