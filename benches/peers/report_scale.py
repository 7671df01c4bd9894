"""The tables of scale: rounds of up to a million clients, and their partition on disk."""

from __future__ import annotations

from peers.report_text import MIB, dated, digits, median
from peers.results import Entry
from studies.markdown import markdown_table

COLUMNS = ("clients", "method", "median s", "min s", "\u00b5s/client", "clients/s", "MiB", "start", "rounds")
STEPS = ("build", "save", "load", "show")


def scale(million: Entry | None) -> list[str]:
    """Write both tables, where they were measured."""
    if million is None:
        return []
    largest = max(million["rounds"], key=lambda entry: entry["clients"])
    threads = million["runs"][-1]["environment"]["threads"]
    text = (
        "Each client has 8 to 16 rows, drawn with replacement from the same table, a fifth for validation: "
        f"{largest['training_rows']:,} training rows on {largest['clients']:,} clients. All take part for "
        f"one epoch, native engine, {threads} threads ({dated(million['runs'])}). Each line of the table is "
        "a process of its own; they play rounds by turns, after one that is not counted. Memory is the "
        "largest resident set, while building the federation and in all rounds; *start* is what it is "
        "before: the interpreter, the libraries and the table."
    )
    return [
        f"## Up to {largest['clients']:,} clients",
        text,
        markdown_table(COLUMNS, map(row, million["rounds"]), texts=2),
        *partitions(million["partitions"]),
    ]


def row(entry: Entry) -> list[str]:
    """Write one line of the table of rounds."""
    clients, middle = entry["clients"], median(entry["seconds"])
    return [
        f"{clients:,}",
        entry["method"],
        digits(middle),
        digits(min(entry["seconds"])),
        digits(1e6 * middle / clients),
        f"{clients / middle:,.0f}",
        f"{entry['peak_bytes'] / MIB:,.0f}",
        f"{entry['start_bytes'] / MIB:,.0f}",
        str(len(entry["seconds"])),
    ]


def partitions(entries: list[Entry]) -> list[str]:
    """Write the table of partitions on disk."""
    rows = [
        [f"{entry['clients']:,}", *(digits(median(entry["seconds"][step])) for step in STEPS)]
        for entry in entries
    ]
    text = (
        "The same partitions, in median seconds: *build* draws them, *save* writes two arrays and a page "
        "on them, *load* maps them into memory and checks every index, *show* is the whole command "
        "`cfmt partition --partition-from DIR`, which starts the interpreter and generates the table as well."
    )
    return [text, markdown_table(("clients", *(f"{step} s" for step in STEPS)), rows)]
