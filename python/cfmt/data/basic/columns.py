"""Names of the basic columns, and what each is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfmt.data.columns import Columns, infer_columns
from cfmt.data.columns.names import reason_by_name

if TYPE_CHECKING:
    import polars as pl

__all__ = ["BASIC", "DERIVED", "NUMBERS", "WORDS", "basic_columns", "passed_names"]

BASIC = "basic-10"
"""Name of the schema."""

NUMBERS = ("duration", "bytes_out", "bytes_in", "pkts_out", "pkts_in")
"""Basic columns that are numbers: seconds, bytes from the IP header on, packets."""
DERIVED = ("bytes_per_pkt_out", "bytes_per_pkt_in", "bytes_per_s", "pkts_per_s", "share_out")
"""Numbers that are derived from those."""
WORDS = ("proto", "service", "state", "flags_out", "flags_in")
"""Basic columns that are words."""
_PASSED = ("address", "time", "id", "client port", "server port")


def basic_columns(
    frame: pl.DataFrame, *, label: str, normal: tuple[str, ...], attack_type: str = "", client: str = ""
) -> Columns:
    """Say what the columns of basic flows are for; only the words that stand there are told by the rows.

    Parameters
    ----------
    frame : polars DataFrame
        As :func:`as_basic` returned it.
    label, normal, attack_type, client
        As for :func:`cfmt.data.columns.infer_columns`.

    Returns
    -------
    Columns

    Examples
    --------
    >>> import polars as pl
    >>> from cfmt.data.basic import as_basic, basic_columns
    >>> rows = {"Dur": ["1", "2"], "Proto": ["tcp", "udp"], "Dport": ["80", "53"], "State": ["S_RA", "CON"]}
    >>> rows |= {"TotPkts": ["2", "2"], "TotBytes": ["120", "200"], "SrcBytes": ["60", "100"]}
    >>> frame = as_basic(pl.DataFrame(rows | {"kind": ["bad", "ok"]}))
    >>> basic_columns(frame, label="kind", normal=("ok",)).words["proto"]
    ('tcp', 'udp')
    """
    named = [name for name in (label, attack_type, client) if name and name in frame.columns]
    found = infer_columns(
        frame.select(*WORDS, *NUMBERS, *named),
        label=label,
        normal=normal,
        attack_type=attack_type,
        client=client,
    )
    words = {name: found.words.get(name, ()) for name in WORDS}
    kept = tuple(name for name in found.kept if name in named)
    reasons = {name: reason for name, reason in found.reasons.items() if name in named}
    numeric = (*NUMBERS, *DERIVED)
    return Columns(
        numeric, words, log1p=numeric[:-1], missing=numeric, kept=kept, label=label, normal=normal,
        attack_type=attack_type, reasons=reasons, view=BASIC,
    )  # fmt: skip


def passed_names(columns: tuple[str, ...]) -> tuple[str, ...]:
    """Choose the columns of an exporter that go through to the output: addresses, ports, times and ids."""
    basic = {*NUMBERS, *DERIVED, *WORDS}
    return tuple(name for name in columns if name not in basic and reason_by_name(name) in _PASSED)
