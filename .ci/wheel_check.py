"""What the bare wheel must do: import lightly, train, score, calibrate, inspect, say what is missing."""

import csv
import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import cfmt

assert "torch" not in sys.modules, "importing cfmt must not import torch"
for package in ("torch", "matplotlib", "onnx"):
    assert importlib.util.find_spec(package) is None, f"{package}: this environment was meant to be empty"

labels = np.repeat(np.arange(3), 50)
parts = cfmt.partition_dirichlet(labels, 10, 0.3, min_size=2, seed=7)
assert sorted(parts.values.tolist()) == list(range(150))
assert parts.sizes.min() >= 2
updates = np.eye(4, dtype=np.float32)
assert np.allclose(cfmt.weighted_mean(updates, np.arange(4.0)), np.arange(4) / 6)


def command(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run cfmt as a person would."""
    done = subprocess.run([sys.executable, "-m", "cfmt", *words], capture_output=True, text=True, check=False)
    assert done.returncode == code, done
    return done


tiny = ["--clients", "20", "--rounds", "2", "--steps", "4", "--train-rows", "3000", "--test-rows", "500"]
with tempfile.TemporaryDirectory() as folder:
    run, compared = Path(folder) / "run", Path(folder) / "compared"
    command("train", "--method", "cfmt-mu-0.25", *tiny, "--out", str(run))
    command("compare", "--methods", "fedavg,fed-over", "--seeds", "1", *tiny, "--out", str(compared))
    from cfmt.data import load_synthetic, to_nsl_kdd_text

    flows = Path(folder) / "flows.txt"
    flows.write_text(to_nsl_kdd_text(load_synthetic(10, 200, seed=5)[1]))
    scored = command("score", str(run / "model.safetensors"), str(flows), "--quiet").stdout
    rows = list(csv.DictReader(scored.splitlines()))
    assert len(rows) == 200, len(rows)
    assert all(0 <= float(row["score"]) <= 1 for row in rows)
    site = str(Path(folder) / "site.safetensors")
    command("calibrate", str(run / "model.safetensors"), str(flows), "--fpr", "0.05", "--out", site)
    card = json.loads(command("inspect", site, "--json").stdout)
    assert card["calibration"]["alerts"] <= 0.05 * card["calibration"]["rows"], card
    asked = command("export", site, code=1)
    assert "cfmt[onnx]" in asked.stderr, asked.stderr

asked = command("train", "--method", "cfmt", *tiny, "--out", "never", code=1)
assert "cfmt[torch]" in asked.stderr, asked.stderr
print(f"wheel of cfmt {cfmt.__version__} trains, scores, calibrates and inspects without torch")
