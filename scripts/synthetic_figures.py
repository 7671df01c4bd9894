"""Take the figures behind ``cfmt.data.load_synthetic`` from the real training file.

The generated traffic is drawn from these figures, so they are counted and never written by hand:

    python scripts/synthetic_figures.py KDDTrain+.txt.gz

writes ``python/cfmt/data/synthetic_figures.json``; the same file gives the same bytes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from cfmt.data import Table, load_nsl_kdd_file
from cfmt.files import write_atomic

PROBABILITIES = (0, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99, 1)
RATE_DECIMALS = 2
OUT = Path(__file__).resolve().parents[1] / "python" / "cfmt" / "data" / "synthetic_figures.json"


def main() -> None:
    """Read the training file, write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path, help="KDDTrain+.txt, plain or gzip-compressed")
    parser.add_argument("--out", type=Path, default=OUT, help="file to write")
    arguments = parser.parse_args()
    figures = figures_of(load_nsl_kdd_file(arguments.train, part="train"))
    write_atomic(arguments.out, as_text(figures))


def figures_of(table: Table) -> dict[str, Any]:
    """Return everything that the generator needs, as JSON values."""
    source = table.sources[0]
    columns = zip(table.schema.numeric, table.numeric.T, strict=True)
    decimals = {name: 0 if (values == np.rint(values)).all() else RATE_DECIMALS for name, values in columns}
    if not np.array_equal(table.numeric, np.round(table.numeric, RATE_DECIMALS)):
        raise ValueError(f"rates must have {RATE_DECIMALS} decimals, got more in {source.name}")
    return {
        "source": {"name": source.name, "sha256": source.sha256, "n_rows": source.n_rows},
        "probabilities": list(PROBABILITIES),
        "decimals": decimals,
        "vocabularies": [list(words) for words in table.vocabularies],
        "families": [family_figures(table, family) for family in range(len(table.families))],
    }


def family_figures(table: Table, family: int) -> dict[str, Any]:
    """Return the figures of one family: names with counts, marginals, correlations."""
    rows = table.take(np.flatnonzero(table.family == family))
    types, type_counts = np.unique(rows.attack_type, return_counts=True)
    values, value_counts = np.unique(rows.categorical, axis=0, return_counts=True)
    return {
        "name": table.families[family],
        "n_rows": rows.n_rows,
        "attack_types": {
            table.attack_types[code]: int(n) for code, n in zip(types, type_counts, strict=True)
        },
        "categories": np.column_stack([values, value_counts]).tolist(),
        "zero": [round(float((column == 0).mean()), 6) for column in rows.numeric.T],
        "quantiles": [quantiles(column) for column in rows.numeric.T],
        "correlations": correlations(rows.numeric),
    }


def quantiles(column: npt.NDArray[np.float64]) -> list[float]:
    """Return observed values at ``PROBABILITIES`` of the non-zero part, or nothing where all is zero."""
    values = column[column > 0]
    if len(values) == 0:
        return []
    taken = np.quantile(values, PROBABILITIES, method="inverted_cdf").tolist()
    return [int(value) if value == int(value) else value for value in taken]


def correlations(numeric: npt.NDArray[np.float64]) -> list[float]:
    """Return the correlations of normal scores above the diagonal, row by row; 0 for a constant column."""
    scores = np.stack([normal_scores(column) for column in numeric.T])
    scores -= scores.mean(axis=1, keepdims=True)
    norms = np.sqrt((scores**2).sum(axis=1))
    scores /= np.where(norms > 0, norms, 1)[:, None]
    # einsum, not a BLAS product: its sums do not depend on the number of threads.
    matrix = np.einsum("ai,bi->ab", scores, scores)
    return [round(float(value), 3) + 0.0 for value in matrix[np.triu_indices(len(matrix), 1)]]


def normal_scores(column: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the normal quantile of each value's mid-rank: ties share a score, a constant column has 0."""
    _, place, counts = np.unique(column, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - counts / 2) / len(column)
    scores: npt.NDArray[np.float64] = np.array([NormalDist().inv_cdf(rank) for rank in ranks])[place]
    return scores


def as_text(figures: dict[str, Any]) -> str:
    """Return JSON with one line for each entry, so that a change of the figures can be read as a diff."""
    families = [_object(family, 3) for family in figures["families"]]
    head = {key: value for key, value in figures.items() if key != "families"}
    text = _object(head, 1).removesuffix("\n}")
    return text + ',\n "families": [\n' + ",\n".join(families) + "\n ]\n}\n"


def _object(entries: dict[str, Any], indent: int) -> str:
    pad = " " * indent
    lines = (
        f"{pad}{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}"
        for key, value in entries.items()
    )
    return " " * (indent - 1) + "{\n" + ",\n".join(lines) + "\n" + " " * (indent - 1) + "}"


if __name__ == "__main__":
    main()
