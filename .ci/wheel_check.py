"""What the bare wheel must do: import lightly, compute, and say what is missing."""

import importlib.util
import subprocess
import sys

import numpy as np

import cfmt

assert "torch" not in sys.modules, "importing cfmt must not import torch"
assert importlib.util.find_spec("torch") is None, "this environment was meant to be empty"

labels = np.repeat(np.arange(3), 50)
parts = cfmt.partition_dirichlet(labels, 10, 0.3, min_size=2, seed=7)
assert sorted(parts.values.tolist()) == list(range(150))
assert parts.sizes.min() >= 2
updates = np.eye(4, dtype=np.float32)
assert np.allclose(cfmt.weighted_mean(updates, np.arange(4.0)), np.arange(4) / 6)

asked = subprocess.run([sys.executable, "-m", "cfmt", "run"], capture_output=True, text=True, check=False)
assert asked.returncode != 0, asked
assert "cfmt[train]" in asked.stderr, asked.stderr
print(f"wheel of cfmt {cfmt.__version__} works without torch")
