from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from cfmt.mlp import MLP
from cfmt.nn.torch_mlp import forward, layers_of
from cfmt.streams import derive_seed
from reference.nn import module


def test_layers_lie_in_the_order_of_torchs_own_parameters() -> None:
    mlp = MLP(5, 7, n_outputs=2)
    draws = torch.Generator().manual_seed(1)
    models = torch.randn(3, mlp.n_params, dtype=torch.float64, generator=draws)
    X = torch.randn(3, 11, 5, dtype=torch.float64, generator=draws)
    _, outputs = forward(layers_of(mlp, models), X)
    for model, rows, got in zip(models, X, outputs, strict=True):
        torch.testing.assert_close(got, module(mlp, model)(rows))


def test_initial_model_has_the_numbers_of_nn_linear() -> None:
    mlp = MLP(121, 128)
    with torch.random.fork_rng():
        torch.manual_seed(derive_seed(7, "initialisation"))
        plain = nn.Sequential(nn.Linear(121, 128), nn.ReLU(), nn.Linear(128, 1))
    expected = nn.utils.parameters_to_vector(plain.parameters()).detach().numpy()
    initial = mlp.initial(7)
    assert initial.dtype == np.float32
    np.testing.assert_allclose(initial, expected, rtol=1e-6, atol=1e-8)


def test_initial_model_is_seeded_and_leaves_torchs_own_generator_alone() -> None:
    mlp = MLP(4, 3)
    state = torch.get_rng_state()
    first, again, other = mlp.initial(1), mlp.initial(1), mlp.initial(2)
    assert torch.equal(state, torch.get_rng_state())
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.abs(first).max() <= 1 / math.sqrt(3)


def test_views_share_the_memory_of_the_models() -> None:
    mlp = MLP(2, 3)
    models = torch.zeros(2, mlp.n_params)
    layers_of(mlp, models).w2.fill_(1)
    assert models.sum() == 6


def test_what_cannot_be_a_model_is_named() -> None:
    with pytest.raises(ValueError, match="hidden must be at least 1, got 0"):
        MLP(3, 0)
    with pytest.raises(ValueError, match=r"models must have shape \(g, 13\), got \(2, 12\)"):
        layers_of(MLP(2, 3), torch.zeros(2, 12))


def test_without_torch_the_missing_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['torch'] = None; "
        "import numpy as np; from cfmt.nn import make_engine; from cfmt.mlp import MLP; "
        "table = np.zeros((1, 1), np.float32), np.zeros(1, np.uint8); "
        "make_engine('auto', MLP(1), *table, device='cpu'); make_engine('torch', MLP(1), *table)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "needs torch: pip install 'cfmt[torch]'" in run.stderr
