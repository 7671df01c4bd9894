"""Time the scorer beside the numpy pipeline, onnxruntime and polars' own reading, on one machine in turns.

python benches/scorer.py --data FILE [--rows N]      (`make bench-scorer` does it)

FILE is RT-IoT2022 as published. Its rows are repeated to N; the model has first weights, for speed does not
depend on them. Each side has its turn in each of seven rounds; medians are told, and the ratio of cfmt's to
each.
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
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import polars as pl

from cfmt.data import Table
from cfmt.data.flow_stream import stream_flows
from cfmt.data.flow_table import load_flow_tables
from cfmt.data.readers import read_chunks
from cfmt.detector import Detector, to_onnx
from cfmt.experiment.environment import describe_environment
from cfmt.files import write_atomic
from cfmt.mlp import MLP
from cfmt.preprocessing import fit_preprocessor
from measuring import PAUSE, THREADS, limit_threads

ROUNDS = 7
CHUNK = 1 << 15
HIDDEN = 128


def main() -> None:
    """Time all sides, print them and keep them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="RT-IoT2022 as published")
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--out", type=Path, help="file for the figures; without it they are only printed")
    asked = parser.parse_args()
    started = datetime.now(UTC)
    limit_threads()
    tables = load_flow_tables(asked.data)
    results = {scaling: compare(tables.train, asked, scaling) for scaling in ("quantile", "zscore")}
    for scaling, found in results.items():
        for kind, sides in found.items():
            ours = next(iter(sides.values()))
            for side, rate in sides.items():
                print(
                    f"{scaling:9} {kind:8} {side:28} {rate:12,.0f} flows/s, cfmt's over it {ours / rate:.2f}"
                )
    if asked.out:
        environment = describe_environment(
            tables.train.sources, command=sys.argv, started=started, threads=THREADS
        )
        told = {
            "environment": environment,
            "rows": asked.rows,
            "threads": THREADS,
            "flows_per_second": results,
        }
        write_atomic(asked.out, json.dumps(told, indent=1) + "\n")


def compare(train: Table, asked: argparse.Namespace, scaling: str) -> dict[str, dict[str, float]]:
    """Return flows per second from memory and from files, by side."""
    preprocessor = fit_preprocessor(train, scaling="quantile" if scaling == "quantile" else "zscore")
    mlp = MLP(preprocessor.n_features, hidden=HIDDEN)
    detector = Detector(mlp, mlp.initial(seed=0), preprocessor, 0.5, columns=train.columns)
    table = train.take(np.arange(asked.rows) % train.n_rows)
    onnx = onnx_session(detector)
    fed = onnx_inputs(table)
    found = {
        "memory": rates(
            asked.rows,
            {
                "cfmt: Detector.predict_proba": lambda: detector.predict_proba(table),
                "numpy pipeline": lambda: numpy_scores(detector, table),
                "onnxruntime": lambda: onnx.run(["score"], fed),
            },
        )
    }
    with TemporaryDirectory() as folder:
        repeat_rows(asked.data, asked.rows, Path(folder))
        readers: dict[str, Callable[[Path], pl.DataFrame]] = {"csv": pl.read_csv, "parquet": pl.read_parquet}
        for kind, read in readers.items():
            path = Path(folder, f"flows.{kind}")
            found[kind] = rates(
                asked.rows,
                {
                    "cfmt: read and score": partial(score_file, detector, path),
                    "polars reads": partial(read, path),
                },
            )
    return found


def rates(n_rows: int, sides: Mapping[str, Callable[[], Any]]) -> dict[str, float]:
    """Let all sides have their turns, and return the flows per second of each side's median turn."""
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(ROUNDS):
        for side, run in sides.items():
            time.sleep(PAUSE)
            start = time.perf_counter()
            run()
            seconds[side].append(time.perf_counter() - start)
    return {side: n_rows / statistics.median(taken) for side, taken in seconds.items()}


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
