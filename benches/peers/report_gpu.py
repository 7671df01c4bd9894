"""The table of rounds on a GPU, which another machine measures: `make bench-gpu`."""

from __future__ import annotations

from cfmt.report.markdown import markdown_table
from peers.report_text import command, date, digits, of_versions
from peers.results import Entry

COLUMNS = ("workload", "device", "median s", "clients/s", "floor s", "share of floor")


def gpu(results: Entry | None) -> list[str]:
    """Write the table, or that there is none yet.

    ``results`` holds the ``environment`` of the run and ``rows``, each with ``workload``, ``device``,
    ``seconds`` (median), ``clients_per_second``, ``floor_seconds``, ``share_of_floor`` and ``versions``.
    """
    title = "## GPU"
    if results is None:
        return [title, "No figure from a GPU exists yet; `make bench-gpu` makes them where there is one."]
    rows = results["rows"]
    versions = "; ".join(dict.fromkeys(of_versions(row["versions"]) for row in rows))
    text = (
        f"{command(results['environment'])}, {date(results['environment'])}: {versions}. The floor is the "
        "least time that the round's products can take on the device, as the device's own matrix product "
        "shows it; the share is the floor's part of the median."
    )
    return [title, text, markdown_table(COLUMNS, map(cells, rows), texts=2)]


def cells(row: Entry) -> list[str]:
    """Write one line of the table."""
    return [
        row["workload"],
        row["device"],
        digits(row["seconds"]),
        f"{row['clients_per_second']:,.0f}",
        digits(row["floor_seconds"]),
        f"{row['share_of_floor']:.0%}",
    ]
