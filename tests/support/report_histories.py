"""Made-up runs for the tests of the report: shaped like real ones, measured on nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from cfmt.experiment.record import RunRecord
from cfmt.federated.evaluation import CurvePoint, Decision, Evaluation
from cfmt.federated.state import RoundReport

FAMILIES = ("normal", "dos", "probe", "r2l", "u2r")
_TEST = (
    ["roc_auc", "pr_auc", "f1", "macro_f1", "f1_at_threshold", "macro_f1_at_threshold", "fpr_at_threshold"]
    + ["recall_at_fpr_1", "recall_at_fpr_5", "recall_known", "recall_novel"]
    + ["roc_auc_macro_types", "recall_macro_types", "f1_macro_types"]
    + [f"recall_{family}" for family in FAMILIES[1:]]
)


def made_up_records(methods: Sequence[str], seeds: Iterable[int], *, n_rounds: int = 20) -> list[RunRecord]:
    """Runs in the order of a comparison: for each seed all methods, which share the seed's luck."""
    return [
        made_up_record(name, seed, level=0.02 * place, n_rounds=n_rounds)
        for seed in seeds
        for place, name in enumerate(methods)
    ]


def made_up_record(method: str, seed: int, *, level: float = 0.0, n_rounds: int = 20) -> RunRecord:
    luck = np.random.default_rng(seed).normal(0, 0.012)
    draws = np.random.default_rng([seed, *method.encode()])
    best = 0.78 + level + luck + draws.normal(0, 0.006)
    progress = 1 - np.exp(-np.arange(1, n_rounds + 1) / 8)
    f1 = np.clip(best * progress + draws.normal(0, 0.008, n_rounds), 0, 1)
    curve = [CurvePoint(float(1.1 - x), float(min(0.55 + 0.45 * x, 1)), float(x)) for x in f1]
    reports = [_report(number, method) for number in range(1, n_rounds + 1)]
    test = {key: float(np.clip(best + draws.normal(0, 0.02), 0, 1)) for key in _TEST} | {
        "f1_all_attack": 0.7255
    }
    evaluation = Evaluation(
        decisions=(_decision("fpr:0.05", 0.137), _decision("f1", float("inf"))),
        tests={"KDDTest+": test, "KDDTest-21": test | {"f1_all_attack": 0.8998}},
        validation={"roc_auc": 0.997, "pr_auc": 0.981, "f1_at_threshold": 0.95, "n_rows": 25_195.0},
        clients={"n_evaluated": 93.0, "worst_f1": 0.31, "p10_f1": 0.62},
        clusters=_clusters() if method.startswith("cfmt") else (),
    )
    shared = {
        "worst_client_f1": 0.31 + level,
        "p10_client_f1": 0.62 + level,
        "in_distribution_roc_auc": 0.997,
        "threshold": 0.137,
        "alerts_per_million": 48_213.0,
        "megabytes": 1_234.5,
        "seconds": 41.2 + seed,
        "f1@f1": 0.7,
        "alerts_per_million@f1": 0.0,
    }
    metrics = {name: figures | shared for name, figures in evaluation.tests.items()}
    return RunRecord(method, seed, metrics, evaluation, tuple(reports), tuple(curve))


def made_up_counts(n_clients: int) -> npt.NDArray[np.int64]:
    """Rows of each family on each client: skewed in size and in mix, as a Dirichlet split is."""
    draws = np.random.default_rng(n_clients)
    mixes = draws.dirichlet(0.3 * np.array([5.3, 3.6, 0.9, 0.15, 0.05]), n_clients)
    sizes = draws.lognormal(4, 1, n_clients)
    return draws.poisson(mixes * sizes[:, np.newaxis]).astype(np.int64)


def _report(number: int, method: str) -> RoundReport:
    steered = method.startswith("cfmt")
    return RoundReport(
        round=number,
        n_clients=20,
        n_rows=31_000,
        loss=1.0 / number,
        cluster_sizes=(12, 8, 0) if steered else (20,),
        mu=0.4 if steered else float("nan"),
        reward=0.01 if steered else float("nan"),
        bytes_down=1_000_000,
        bytes_up=1_000_800,
        seconds=0.8,
    )


def _decision(rule: str, threshold: float) -> Decision:
    figures = {"f1": 0.8, "macro_f1": 0.79, "recall": 0.7, "recall_novel": 0.4, "fpr": 0.04}
    tests = {"KDDTest+": figures, "KDDTest-21": figures}
    return Decision(rule, threshold, 48_213.0 if np.isfinite(threshold) else 0.0, tests)


def _clusters() -> tuple[dict[str, float], ...]:
    keys = ("cluster", "n_clients", "n_rows", "roc_auc_cluster", "roc_auc_global")
    rows = ((0.0, 61.0, 15_000.0, 0.991, 0.989), (2.0, 39.0, 10_195.0, float("nan"), 0.984))
    return tuple(dict(zip(keys, row, strict=True)) for row in rows)
