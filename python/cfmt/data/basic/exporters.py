"""How the ten basic columns come of each exporter's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cfmt.data.basic.cells import FLAGS, flags_of_bits, flags_of_text, letters, number, text
from cfmt.errors import DataError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["EXPORTERS", "Exporter", "exporter_named"]

_ETHERNET = 14  # bytes of a frame before the IP header


@dataclass(frozen=True)
class Exporter:
    """How the ten columns come of an exporter's own.

    Parameters
    ----------
    name : str
        As :func:`cfmt.data.readers.detect` tells it.
    columns : tuple of str
        Columns that its flows must have.
    expressions : callable
        Returns the expression of each of the ten columns but ``state``; the port stands for ``service``.
    lacks : dict of str to str
        Columns that it gives only sometimes or never, each with the reason.

    Examples
    --------
    >>> from cfmt.data.basic import exporter_named
    >>> exporter_named("zeek").columns[:2]
    ('proto', 'id.resp_p')
    """

    name: str
    columns: tuple[str, ...]
    expressions: Callable[[Mapping[str, str]], dict[str, pl.Expr]]
    lacks: Mapping[str, str]


def exporter_named(name: str) -> Exporter:
    """Return the exporter of this name.

    Parameters
    ----------
    name : str
        Empty where the columns tell none.

    Returns
    -------
    Exporter

    Raises
    ------
    DataError
        If there is none.

    Examples
    --------
    >>> from cfmt.data.basic import exporter_named
    >>> exporter_named("argus").lacks["pkts_out"]
    'only with SrcPkts'
    """
    if name not in EXPORTERS:
        known = ", ".join(EXPORTERS)
        told = (
            f"are of {name}, which does not tell bytes and flags of each way" if name else "tell no exporter"
        )
        raise DataError(f"the columns {told}; basic-10 reads flows of {known}")
    return EXPORTERS[name]


def _zeek(_: Mapping[str, str]) -> dict[str, pl.Expr]:
    """Map ``conn.log``; in its history, capital letters are of who began."""
    import polars as pl

    history = text("history")
    return {
        "proto": text("proto"),
        "service": number("id.resp_p"),
        "duration": pl.when(number("orig_pkts") + number("resp_pkts") == 1)
        .then(0)
        .otherwise(number("duration")),
        "bytes_out": number("orig_ip_bytes"),
        "bytes_in": number("resp_ip_bytes"),
        "pkts_out": number("orig_pkts"),
        "pkts_in": number("resp_pkts"),
        "flags_out": flags_of_text(history, {"S": "SH", "F": "F", "R": "R"}),
        "flags_in": flags_of_text(history, {"S": "sh", "F": "f", "R": "r"}),
    }


def _suricata(names: Mapping[str, str]) -> dict[str, pl.Expr]:
    """Map flow events of ``eve.json``, whose bytes count the Ethernet header."""
    import polars as pl

    def time(name: str) -> pl.Expr:
        """Read a time stamp with its offset."""
        return pl.col(name).cast(pl.String).str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", strict=False)

    def flags(name: str) -> pl.Expr:
        """Read flags in hexadecimal digits; a flow without TCP has no such key."""
        if name not in names:
            return pl.lit(None, pl.String)
        return flags_of_bits(text(name).str.to_integer(base=16, strict=False))

    lasted = (time("flow.end") - time("flow.start")).dt.total_microseconds() / 1e6
    return {
        "proto": text("proto"),
        "service": number("dest_port") if "dest_port" in names else pl.lit(None, pl.Float64),
        "duration": lasted,
        "bytes_out": number("flow.bytes_toserver") - _ETHERNET * number("flow.pkts_toserver"),
        "bytes_in": number("flow.bytes_toclient") - _ETHERNET * number("flow.pkts_toclient"),
        "pkts_out": number("flow.pkts_toserver"),
        "pkts_in": number("flow.pkts_toclient"),
        "flags_out": flags("tcp.tcp_flags_ts"),
        "flags_in": flags("tcp.tcp_flags_tc"),
    }


def _netflow(_: Mapping[str, str]) -> dict[str, pl.Expr]:
    """Map nProbe's columns of NF-v2 and NF-v3."""
    return {
        "proto": text("PROTOCOL"),
        "service": number("L4_DST_PORT"),
        "duration": number("FLOW_DURATION_MILLISECONDS") / 1000,
        "bytes_out": number("IN_BYTES"),
        "bytes_in": number("OUT_BYTES"),
        "pkts_out": number("IN_PKTS"),
        "pkts_in": number("OUT_PKTS"),
        "flags_out": flags_of_bits(number("CLIENT_TCP_FLAGS")),
        "flags_in": flags_of_bits(number("SERVER_TCP_FLAGS")),
    }


def _nfstream(names: Mapping[str, str]) -> dict[str, pl.Expr]:
    """Map NFStream's columns; bytes count the Ethernet header, flags come of its statistics alone."""
    import polars as pl

    spelled = {"S": "syn", "F": "fin", "R": "rst"}

    def flags(way: str) -> pl.Expr:
        """Read how many packets had each flag."""
        if any(f"{way}_{word}_packets" not in names for word in spelled.values()):
            return pl.lit(None, pl.String)
        return letters(lambda letter, _: number(f"{way}_{spelled[letter]}_packets") > 0)

    return {
        "proto": text("protocol"),
        "service": number("dst_port"),
        "duration": number("bidirectional_duration_ms") / 1000,
        "bytes_out": number("src2dst_bytes") - _ETHERNET * number("src2dst_packets"),
        "bytes_in": number("dst2src_bytes") - _ETHERNET * number("dst2src_packets"),
        "pkts_out": number("src2dst_packets"),
        "pkts_in": number("dst2src_packets"),
        "flags_out": flags("src2dst"),
        "flags_in": flags("dst2src"),
    }


def _argus(names: Mapping[str, str]) -> dict[str, pl.Expr]:
    """Map binetflow, whose bytes count the Ethernet header, and whose state has the flags of either way."""
    import polars as pl

    state = text("State")
    flags = pl.when(state.str.contains(r"^[FSRPAUEC]*_[FSRPAUEC]*$")).then(state).str.split("_")
    spelled = {letter: letter for letter, _ in FLAGS}
    source, both = number("SrcBytes"), number("TotBytes")
    pkts = number("SrcPkts") if "SrcPkts" in names else pl.lit(None, pl.Float64)
    return {
        "proto": text("Proto"),
        "service": number("Dport"),
        "duration": number("Dur"),
        "bytes_out": source - _ETHERNET * pkts,
        "bytes_in": both - source - _ETHERNET * (number("TotPkts") - pkts),
        "pkts_out": pkts,
        "pkts_in": number("TotPkts") - pkts,
        "flags_out": flags_of_text(flags.list.get(0, null_on_oob=True), spelled),
        "flags_in": flags_of_text(flags.list.get(1, null_on_oob=True), spelled),
    }


_WITHOUT_TCP = {"flags_out": "only of TCP", "flags_in": "only of TCP"}
_NETFLOW = (
    "PROTOCOL", "L4_DST_PORT", "FLOW_DURATION_MILLISECONDS", "IN_BYTES", "OUT_BYTES", "IN_PKTS", "OUT_PKTS",
    "CLIENT_TCP_FLAGS", "SERVER_TCP_FLAGS",
)  # fmt: skip
EXPORTERS = {
    one.name: one
    for one in (
        Exporter(
            "zeek",
            (
                *("proto", "id.resp_p", "duration", "history", "orig_ip_bytes", "resp_ip_bytes"),
                *("orig_pkts", "resp_pkts"),
            ),
            _zeek,
            _WITHOUT_TCP,
        ),
        Exporter(
            "suricata",
            (
                *("proto", "flow.start", "flow.end", "flow.bytes_toserver", "flow.bytes_toclient"),
                *("flow.pkts_toserver", "flow.pkts_toclient"),
            ),
            _suricata,
            _WITHOUT_TCP,
        ),
        Exporter("nf-v2", _NETFLOW, _netflow, _WITHOUT_TCP),
        Exporter("nf-v3", _NETFLOW, _netflow, _WITHOUT_TCP),
        Exporter(
            "nfstream",
            (
                *("protocol", "dst_port", "bidirectional_duration_ms", "src2dst_bytes", "src2dst_packets"),
                *("dst2src_bytes", "dst2src_packets"),
            ),
            _nfstream,
            dict.fromkeys(_WITHOUT_TCP, "only of TCP, and with statistical_analysis=True"),
        ),
        Exporter(
            "argus",
            ("Proto", "Dport", "Dur", "State", "TotPkts", "TotBytes", "SrcBytes"),
            _argus,
            dict.fromkeys(_WITHOUT_TCP, "only of TCP, and where State has the flags of both ways")
            | dict.fromkeys(("bytes_out", "bytes_in", "pkts_out", "pkts_in"), "only with SrcPkts"),
        ),
    )
}
"""How each exporter is mapped, by its name."""
