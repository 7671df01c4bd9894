"""Time the scorer beside the numpy pipeline, onnxruntime and polars' own reading, on one machine in turns.

python benches/scorer.py --data PATH ... [--rows N]      (`make bench-scorer` does it)

PATH is a flow table whose labels are known, or a folder with NSL-KDD's files. Its rows are repeated to N; the
model has first weights, for speed does not depend on them. Each side has its turn in each of fifteen rounds;
told are each side's median, and the median over the rounds of how many times as fast cfmt is.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import onnxruntime
import polars as pl

from cfmt.data import Source, Table
from cfmt.data.flow_stream import stream_flows
from cfmt.data.flow_table import load_flow_tables
from cfmt.data.nsl_kdd_schema import COLUMNS
from cfmt.data.readers import read_chunks
from cfmt.data.reading import find_file, read_bytes
from cfmt.detector import Detector, to_onnx
from cfmt.experiment.environment import describe_environment
from cfmt.files import write_atomic
from cfmt.mlp import MLP
from cfmt.preprocessing import fit_preprocessor
from measuring import PAUSE, THREADS, limit_threads

ROUNDS = 15
CHUNK = 1 << 15
HIDDEN = 128

Rates: TypeAlias = dict[str, list[float]]


def main() -> None:
    """Time all sides, print them and keep them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, nargs="+", required=True, help="flow tables, or NSL-KDD's folder"
    )
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--out", type=Path, help="file for the figures; without it they are only printed")
    asked = parser.parse_args()
    started = datetime.now(UTC)
    limit_threads()
    results: dict[str, dict[str, Rates]] = {}
    sources: list[Source] = []
    for data in asked.data:
        with TemporaryDirectory() as folder:
            source, labels = as_flow_table(data, Path(folder))
            train = load_flow_tables(source, **labels).train
            sources += train.sources
            for scaling in ("quantile", "zscore"):
                found = compare(train, source, asked.rows, scaling)
                results[f"{train.name}, {scaling}"] = found
                show(f"{train.name}, {scaling}", found)
    if asked.out:
        environment = describe_environment(sources, command=sys.argv, started=started, threads=THREADS)
        told = {
            "environment": environment,
            "rows": asked.rows,
            "hidden": HIDDEN,
            "threads": THREADS,
            "flows_per_second": results,
        }
        write_atomic(asked.out, json.dumps(told, indent=1) + "\n")


def show(table: str, found: dict[str, Rates]) -> None:
    """Print the rates of one table."""
    for kind, sides in found.items():
        ours = next(iter(sides.values()))
        for side, turns in sides.items():
            times = statistics.median(a / b for a, b in zip(ours, turns, strict=True))
            rate = statistics.median(turns)
            print(f"{table:22} {kind:8} {side:28} {rate:12,.0f} flows/s, cfmt's over it {times:.2f}")


def as_flow_table(data: Path, folder: Path) -> tuple[Path, dict[str, Any]]:
    """Write NSL-KDD's training rows under a header; leave a flow table as it is."""
    if not data.is_dir():
        return data, {}
    train = find_file(data, "KDDTrain+.txt")
    assert train is not None, f"{data} holds no KDDTrain+.txt"
    rows = pl.read_csv(read_bytes(train), has_header=False, new_columns=COLUMNS, infer_schema_length=None)
    rows.drop("difficulty").write_csv(folder / "nsl-kdd.csv")
    return folder / "nsl-kdd.csv", {"label": "attack_type", "normal": ("normal",)}


def compare(train: Table, source: Path, n_rows: int, scaling: str) -> dict[str, Rates]:
    """Return flows per second from memory and from files, by side."""
    preprocessor = fit_preprocessor(train, scaling="quantile" if scaling == "quantile" else "zscore")
    mlp = MLP(preprocessor.n_features, hidden=HIDDEN)
    detector = Detector(mlp, mlp.initial(seed=0), preprocessor, 0.5, columns=train.columns)
    table = train.take(np.arange(n_rows) % train.n_rows)
    onnx = onnx_session(detector)
    fed = onnx_inputs(table)
    found = {
        "memory": rates(
            n_rows,
            {
                "cfmt: Detector.predict_proba": lambda: detector.predict_proba(table),
                "numpy pipeline": lambda: numpy_scores(detector, table),
                "onnxruntime": lambda: onnx.run(["score"], fed),
            },
        )
    }
    with TemporaryDirectory() as folder:
        repeat_rows(source, n_rows, Path(folder))
        readers: dict[str, Callable[[Path], pl.DataFrame]] = {"csv": pl.read_csv, "parquet": pl.read_parquet}
        for kind, read in readers.items():
            path = Path(folder, f"flows.{kind}")
            found[kind] = rates(
                n_rows,
                {
                    "cfmt: read and score": partial(score_file, detector, path),
                    "polars reads": partial(read, path),
                },
            )
    return found


def rates(n_rows: int, sides: Mapping[str, Callable[[], Any]]) -> Rates:
    """Let all sides have their turns, and return the flows per second of each side's turns."""
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(ROUNDS):
        for side, run in sides.items():
            time.sleep(PAUSE)
            start = time.perf_counter()
            run()
            seconds[side].append(time.perf_counter() - start)
    return {side: [n_rows / turn for turn in taken] for side, taken in seconds.items()}


def numpy_scores(detector: Detector, table: Table) -> npt.NDArray[np.float32]:
    """Preprocess and multiply, a chunk of rows at a time, as one would write it."""
    w1, b1, w2, b2 = detector._layers()
    found = []
    for start in range(0, table.n_rows, CHUNK):
        rows = np.arange(start, min(start + CHUNK, table.n_rows))
        features = detector.preprocessor.transform(table.take(rows))
        logits = np.maximum(features @ w1.T + b1, 0) @ w2[0] + b2[0]
        found.append(1 / (1 + np.exp(-logits)))
    return np.concatenate(found)


def onnx_session(detector: Detector) -> onnxruntime.InferenceSession:
    """Load the exported detector."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    return onnxruntime.InferenceSession(to_onnx(detector), options, providers=["CPUExecutionProvider"])


def onnx_inputs(table: Table) -> dict[str, npt.NDArray[Any]]:
    """Return a table as the exported graph takes it."""
    words = {
        name: np.array(table.vocabularies[place], dtype=object)[table.categorical[:, place]]
        for place, name in enumerate(table.schema.categorical)
    }
    return {"numeric": table.numeric, **words}


def repeat_rows(source: Path, n_rows: int, folder: Path) -> None:
    """Write the source's rows, repeated, as CSV and as Parquet with columns of their own types."""
    whole = pl.concat([chunk.frame for chunk in read_chunks(source)])
    whole = whole[np.arange(n_rows) % whole.height]
    whole.write_csv(folder / "flows.csv")
    pl.read_csv(folder / "flows.csv", infer_schema_length=None).write_parquet(folder / "flows.parquet")


def score_file(detector: Detector, path: Path) -> int:
    """Score a file chunk by chunk; return the number of alerts."""
    assert detector.columns is not None
    chunks = stream_flows(detector.columns, path)
    return sum(int((detector.predict_proba(chunk.table) >= 0.5).sum()) for chunk in chunks)


if __name__ == "__main__":
    main()
