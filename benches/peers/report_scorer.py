"""The tables of the scorer's rates: `make bench-scorer`."""

from __future__ import annotations

from peers.report_text import command, date, median, of_versions
from peers.results import Entry
from studies.markdown import markdown_table

KINDS = {
    "memory": "Rows that lie in memory, beside the pipeline as one writes it with numpy, and the exported "
    "graph under onnxruntime.",
    "csv": "A CSV file, read, understood and scored, beside polars' reading of the same file.",
    "parquet": "The same rows as Parquet.",
}


def scorer(results: Entry | None) -> list[str]:
    """Write the tables, or that there are none yet.

    ``results`` holds the ``environment`` of the run, ``rows``, ``hidden``, ``threads``, and
    ``flows_per_second``: by table, by kind of input and by side.
    """
    title = "## Scoring"
    if results is None:
        return [title, "No figure exists yet; `make bench-scorer` makes them."]
    environment = results["environment"]
    text = (
        f"Flows a second, medians of fifteen turns, {results['rows']:,} rows, {results['hidden']} hidden "
        f"units, {results['threads']} threads each ({command(environment)}, {date(environment)}, "
        f"{of_versions(environment['versions'])}). In brackets: how many times as many cfmt scores, the "
        "median over the turns."
    )
    parts = [title, text]
    for kind, words in KINDS.items():
        by_table = {table: kinds[kind] for table, kinds in results["flows_per_second"].items()}
        sides = list(next(iter(by_table.values())))
        rows = [[table, *cells(rates)] for table, rates in by_table.items()]
        parts += [words, markdown_table(("", *sides), rows)]
    return parts


def cells(rates: dict[str, list[float]]) -> list[str]:
    """Write one line of a table; the first side is ours."""
    ours, *others = rates.values()
    pairs = ([a / b for a, b in zip(ours, turns, strict=True)] for turns in others)
    return [
        f"{median(ours):,.0f}",
        *(
            f"{median(turns):,.0f} ({median(times):.2f} x)"
            for turns, times in zip(others, pairs, strict=True)
        ),
    ]
