"""Cells of any exporter as numbers, texts and TCP flags."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

__all__ = ["flags_of_bits", "flags_of_text", "letters", "number", "text"]

FLAGS = (("S", 0x02), ("F", 0x01), ("R", 0x04))
"""SYN, FIN and RST, with their bits: the flags that every exporter tells."""


def number(name: str) -> pl.Expr:
    """Read a column as numbers."""
    import polars as pl

    return pl.col(name).cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False)


def text(name: str) -> pl.Expr:
    """Read a column as texts, null where a cell is empty or a dash."""
    import polars as pl

    text = pl.col(name).cast(pl.String).str.strip_chars()
    return pl.when(~text.is_in(["", "-"])).then(text)


def letters(has: Callable[[str, int], pl.Expr]) -> pl.Expr:
    """Write the flags that are set, in one order; ``none`` where none of them is."""
    import polars as pl

    letters = pl.concat_str([pl.when(has(letter, bit)).then(pl.lit(letter)).otherwise(pl.lit(""))
                             for letter, bit in FLAGS])  # fmt: skip
    return pl.when(letters == "").then(pl.lit("none")).otherwise(letters)


def flags_of_bits(bits: pl.Expr) -> pl.Expr:
    """Write flags that are given as a number."""
    import polars as pl

    whole = bits.cast(pl.Int64, strict=False)
    return pl.when(whole.is_not_null()).then(letters(lambda _, bit: (whole & bit) != 0))


def flags_of_text(text: pl.Expr, spelled: Mapping[str, str]) -> pl.Expr:
    """Write flags that are given as letters; ``spelled`` has the letters that stand for each."""
    import polars as pl

    return pl.when(text.is_not_null()).then(
        letters(lambda letter, _: text.str.contains(f"[{spelled[letter]}]"))
    )
