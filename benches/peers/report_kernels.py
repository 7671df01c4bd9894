"""The table of single kernels: beside numpy, scikit-learn and torch, and beside Flower's own."""

from __future__ import annotations

from peers.report_text import command, date, digits, median, of_versions, rounded
from peers.results import Entry
from studies.markdown import markdown_table

COLUMNS = ("kernel", "beside", "cfmt ms", "other ms", "ratio")


def kernels(timings: Entry | None, duels: list[Entry]) -> list[str]:
    """Write both comparisons in one table, where they were measured."""
    rows = [*in_process(timings), *map(beside_flower, duels)]
    if not rows:
        return []
    parts = ["## Kernels", introduction(timings), markdown_table(COLUMNS, rows, texts=2)]
    skipped = [f"{duel['peer']}: {duel['skipped']}" for duel in duels if "skipped" in duel]
    return parts + (["Not timed: " + "; ".join(skipped) + "."] if skipped else [])


def introduction(timings: Entry | None) -> str:
    """Say how the kernels were timed, and on what."""
    text = (
        "Medians, always by turns, on the same number of threads unless a row says one; each side's result "
        "is checked before it is timed. Flower's and Flower Datasets' functions run in programs of their "
        "own, as the rounds do; their partitions, which are random, give every row once."
    )
    if timings is None:
        return text
    environment = timings["environment"]
    return (
        f"{text} The others are from {command(environment)}, {date(environment)}: one process, "
        f"{environment['threads']} of {environment['cores']} cores, {of_versions(environment['versions'])}."
    )


def in_process(timings: Entry | None) -> list[list[str]]:
    """Write the comparisons with what one would write or call in Python; a kernel's name stands once."""
    rows: list[list[str]] = []
    last = ""
    for pair in timings["compared"] if timings else []:
        ours, other = (1e3 * pair[side]["median"] for side in ("ours", "other"))
        name = pair["kernel"] if pair["kernel"] != last else ""
        last = pair["kernel"]
        rows.append([name, pair["other"]["side"], digits(ours), digits(other), f"{rounded(pair['ratio'])} x"])
    return rows


def beside_flower(duel: Entry) -> list[str]:
    """Write one comparison of programs."""
    name = ": ".join(filter(None, [f"`{duel['label']}`", duel["what"]]))
    if "skipped" in duel:
        return [name, f"`{duel['peer']}`", "", "", ""]
    ours, theirs = (1e3 * median(duel[side]) for side in ("seconds", "peer_seconds"))
    other = "; ".join(filter(None, [of_versions(duel["versions"]), duel["remark"]]))
    return [name, f"`{duel['peer']}` ({other})", digits(ours), digits(theirs), f"{rounded(theirs / ours)} x"]
