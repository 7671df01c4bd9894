"""Prints the hashes of tests/golden.json as JSON: ``golden_runs.py DATA ENGINE THREADS SET``.

What is hashed are parameters, rows and figures, in order and without names, so that files and fields may be
renamed. Wall time is left out.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict
from typing import Any

import numpy as np

from cfmt.config import ExperimentConfig, build_config
from cfmt.experiment.plan import plan_methods
from cfmt.experiment.threads import use_threads
from cfmt.experiment.traffic import load_tables
from cfmt.federated import METHODS, ablations, cfmt, simulate

SYNTHETIC = {
    "data": {"source": "synthetic", "train_rows": 4000, "test_rows": 800},
    "training": {"rounds": 6, "steps": 3, "batch_size": 16, "hidden": 16},
    "evaluation": {"threshold": ["fpr:0.05", "f1", "cost:fn=10,fp=1"]},
}
REAL = {"training": {"rounds": 4, "steps": 3, "batch_size": 32, "hidden": 32, "cohort": 0.8}}
SHARED = {"partition": {"clients": 60}, "cfmt": {"min_transitions": 40, "policy_updates": 3}}
OTHER_SETTINGS: dict[str, Any] = {
    "preprocessing": {"scaling": "quantile"},
    "partition": {"clients": 60, "prevalence": [0.02, 0.4], "size_alpha": 0.7},
    "training": {"epochs": 1, "rounds": 3, "batch_size": 16, "hidden": 16, "cohort": 0.6},
    "methods": {"weighting": "sqrt"},
    "cfmt": {"k": 3, "cluster_weighting": "equal", "every": 2, "minority_mu": 0.8, "state_of": "majority"},
}


def sha(*parts: object) -> str:
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype.str}{part.shape}".encode() + np.ascontiguousarray(part).tobytes())
        else:
            digest.update(repr(part).encode())
    return digest.hexdigest()[:24]


def probe() -> dict[str, str]:
    """Tell machines apart whose elementary functions round differently: their bits cannot agree."""
    x = np.linspace(-6, 6, 4001)
    found = {"numpy": sha(np.exp(x), np.log1p(np.abs(x)), np.log(np.abs(x) + 0.1), np.sqrt(x + 7))}
    if "torch" in sys.modules:
        import torch

        with torch.no_grad():
            t = torch.from_numpy(x)
            product = t.float().view(-1, 1).mm(t.float().view(1, -1))[:64].contiguous()
            inner = t.float()[:4000].view(40, 100).mm(t.float()[:4000].view(100, 40))
            both = (torch.sigmoid(t), torch.sigmoid(t.float()), t.exp(), torch.log(t.abs() + 0.1))
            found["torch"] = sha(*(one.numpy() for one in (*both, product, inner)))
    return found


def leaves(value: Any) -> list[Any]:
    """Figures in order, without their names."""
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


def figures(run: Any) -> list[Any]:
    reports = [{k: v for k, v in asdict(report).items() if k != "seconds"} for report in run.reports]
    curve = [asdict(point) for point in run.curve]
    metrics = {
        test: {name: value for name, value in run.metrics(test).items() if name != "seconds"}
        for test in run.evaluation.tests
    }
    return leaves([reports, curve, asdict(run.evaluation), metrics])


def runs(config: ExperimentConfig) -> dict[str, str]:
    train, tests = load_tables(config.data, lambda _: None)
    found = {}
    for one in plan_methods(config, train, tests, lambda _: None):
        for seed in config.seed_range:
            federation = one.build(seed)
            held = federation.tests[0]
            found[f"partition seed {seed}"] = sha(*federation.train, *federation.validation)
            found[f"features {one.config.preprocessing.scaling} seed {seed}"] = sha(federation.X, held.X)
            run = simulate(federation, one.method, one.settings, seed=seed)
            state = run.state
            found[f"{one.method.name} seed {seed}"] = sha(
                state.model, state.clusters.models, state.clusters.membership, figures(run)
            )
    return found


def main(data: str, engine: str, threads: str, which: str) -> None:
    use_threads(int(threads))
    names = {"methods": list(METHODS), "ablations": list(ablations(cfmt()))}
    names["torch-free"] = [name for name in METHODS if name != "cfmt"]
    names["torch-free"] += ["cfmt-mu-0.25", "cfmt-random-mu", "cfmt-hand-rule", "cfmt-no-sampler"]
    base = SYNTHETIC if data == "synthetic" else REAL | {"data": {"source": data}}
    keys: dict[str, Any] = {**base, **SHARED}
    if which == "other-settings":
        keys = {**base, **OTHER_SETTINGS}
    chosen = names.get(which, ["fed-over", "cfmt", "cfmt-hand-rule", "cfmt-receive-mixture"])
    keys["methods"] = {**keys.get("methods", {}), "names": chosen}
    keys["training"] = {**keys["training"], "engine": engine, "device": "cpu"}
    keys["seeds"] = {"first": 3, "count": 2 if data == "synthetic" and which == "methods" else 1}
    found = runs(build_config(keys))
    json.dump({"probe": probe(), "hashes": found}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
