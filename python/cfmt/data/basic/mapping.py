"""From the columns of an exporter to the basic ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfmt.data.basic.columns import BASIC, DERIVED, NUMBERS, WORDS
from cfmt.data.basic.exporters import exporter_named
from cfmt.data.columns.names import port_bucket
from cfmt.data.readers.layout import exporter_of
from cfmt.errors import DataError, listed

if TYPE_CHECKING:
    import polars as pl

__all__ = ["as_basic"]

_PROTOCOLS = {
    "1": "icmp",
    "2": "igmp",
    "6": "tcp",
    "17": "udp",
    "47": "gre",
    "50": "esp",
    "58": "icmp",
    "89": "ospf",
    "132": "sctp",
    "icmp6": "icmp",
    "icmpv6": "icmp",
    "ipv6-icmp": "icmp",
}


def as_basic(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the basic columns to flows of any exporter that is known.

    Parameters
    ----------
    frame : polars DataFrame
        Rows as a reader gave them.

    Returns
    -------
    polars DataFrame
        The basic columns, and of the others those with other names.

    Raises
    ------
    DataError
        If the exporter is unknown, or a column of it is not there.

    Examples
    --------
    >>> import polars as pl
    >>> from cfmt.data.basic import as_basic
    >>> flow = {"IN_BYTES": 52, "OUT_BYTES": 40, "IN_PKTS": 1, "OUT_PKTS": 1, "PROTOCOL": 6, "L7_PROTO": 7.0}
    >>> flow |= {"L4_DST_PORT": 443, "FLOW_DURATION_MILLISECONDS": 4}
    >>> flow |= {"CLIENT_TCP_FLAGS": 2, "SERVER_TCP_FLAGS": 20}
    >>> basic = as_basic(pl.DataFrame([flow]))
    >>> basic.select("proto", "service", "duration", "state", "flags_in").row(0)
    ('tcp', 'https', 0.004, 'rejected', 'R')
    """
    import polars as pl

    name = exporter_of(tuple(frame.columns))
    exporter = exporter_named(name)
    lacking = [column for column in exporter.columns if column not in frame.columns]
    if lacking:
        raise DataError(
            f"lacks {listed(lacking)}, which {BASIC} takes of {name}; have {name} write all columns"
        )
    made = frame.select(**exporter.expressions({column: column for column in frame.columns}))
    made = made.with_columns(
        proto=_protocol(pl.col("proto")),
        service=_service(made["service"]),
        **{
            flags: pl.when(pl.col("proto").is_not_null()).then(pl.col(flags))
            for flags in ("flags_out", "flags_in")
        },
    )
    is_tcp = pl.col("proto") == "tcp"
    made = made.with_columns(
        **{flags: pl.when(is_tcp).then(pl.col(flags)) for flags in ("flags_out", "flags_in")},
        **{name: _finite(pl.col(name)) for name in NUMBERS},
    ).with_columns(pl.col("duration").round(6))  # microseconds, whatever unit it came in
    made = made.with_columns(state=_state(), **_derived())
    others = [column for column in frame.columns if column not in made.columns]
    return made.select(*NUMBERS, *DERIVED, *WORDS).hstack(frame.select(others))


def _finite(number: pl.Expr) -> pl.Expr:
    """Take what is not finite, or negative, for missing."""
    import polars as pl

    return pl.when(number.is_finite() & (number >= 0)).then(number)


def _protocol(text: pl.Expr) -> pl.Expr:
    """Bring names and numbers of protocols together."""
    plain = text.str.to_lowercase().str.replace(r"\.0$", "")
    return plain.replace(_PROTOCOLS)


def _service(ports: pl.Series) -> pl.Series:
    """Return the service bucket of each port."""
    import polars as pl

    ports = ports.cast(pl.Float64).fill_nan(None)  # nan is not equal to itself
    names = {port: port_bucket(float("nan") if port is None else port) for port in ports.unique().to_list()}
    return pl.Series("service", [names[port] for port in ports.to_list()], dtype=pl.String)


def _state() -> pl.Expr:
    """Tell how a flow ended, by what all exporters give."""
    import polars as pl

    out, back = pl.col("flags_out"), pl.col("flags_in")
    is_tcp = pl.col("proto") == "tcp"
    has = {
        (way, letter): flags.str.contains(letter)
        for way, flags in (("out", out), ("in", back))
        for letter in "SFR"
    }
    return (
        pl.when(pl.col("pkts_in") == 0).then(pl.lit("no-reply"))
        .when(~is_tcp & pl.col("pkts_in").is_not_null()).then(pl.lit("replied"))
        .when(~is_tcp | out.is_null() | back.is_null()).then(None)
        .when(has["in", "R"] & ~has["in", "S"]).then(pl.lit("rejected"))
        .when(has["in", "R"] | has["out", "R"]).then(pl.lit("reset"))
        .when(has["in", "F"] & has["out", "F"]).then(pl.lit("closed"))
        .when(has["in", "F"] | has["out", "F"]).then(pl.lit("half-closed"))
        .otherwise(pl.lit("open"))
    )  # fmt: skip


def _derived() -> dict[str, pl.Expr]:
    """Derive sizes, rates and the share of bytes that went out."""
    import polars as pl

    names = ("bytes_out", "bytes_in", "pkts_out", "pkts_in", "duration")
    bytes_out, bytes_in, pkts_out, pkts_in, duration = (pl.col(name) for name in names)
    both = bytes_out + bytes_in
    return {
        "bytes_per_pkt_out": _ratio(bytes_out, pkts_out),
        "bytes_per_pkt_in": _ratio(bytes_in, pkts_in),
        "bytes_per_s": _ratio(both, duration),
        "pkts_per_s": _ratio(pkts_out + pkts_in, duration),
        "share_out": _ratio(bytes_out, both),
    }


def _ratio(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Divide; nothing where there is nothing to divide by."""
    import polars as pl

    return pl.when(whole > 0).then(part / whole)
