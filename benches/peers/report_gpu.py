"""The table of rounds on a GPU, which another machine measures: `make bench-gpu`."""

from __future__ import annotations

from peers.report_text import command, date, digits, median, of_versions
from peers.results import Entry
from studies.markdown import markdown_table

COLUMNS = ("", "median s", "min s", "clients/s", "floor s", "to floor", "rounds")


def gpu(results: Entry | None) -> list[str]:
    """Write the table, or that there is none yet.

    ``results`` holds the ``environment`` of the run, the ``device``, its ``flop_per_second`` and
    ``bytes_per_second``, and ``rounds``: each with ``name``, ``clients``, ``seconds`` and ``floor_seconds``.
    """
    title = "## GPU"
    if results is None:
        return [title, "No figure from a GPU exists yet; `make bench-gpu` makes them where there is one."]
    environment = results["environment"]
    text = (
        f"{results['device']}, {results['flop_per_second'] / 1e12:.1f} TFLOP/s in float32 products, "
        f"{results['bytes_per_second'] / 1e9:,.0f} GB/s in copies ({command(environment)}, "
        f"{date(environment)}, {of_versions(environment['versions'])}). The floor is the least time that a "
        "round can take at those rates with each client's model in the device's memory. W is the workload "
        "of the tables above, the engine alone; the other lines are whole rounds of the federations of "
        "`make bench-million`."
    )
    return [title, text, markdown_table(COLUMNS, map(cells, results["rounds"]))]


def cells(row: Entry) -> list[str]:
    """Write one line of the table."""
    middle = median(row["seconds"])
    return [
        row["name"],
        digits(middle),
        digits(min(row["seconds"])),
        f"{row['clients'] / middle:,.0f}",
        digits(row["floor_seconds"]),
        f"{middle / row['floor_seconds']:.1f} x",
        str(len(row["seconds"])),
    ]
