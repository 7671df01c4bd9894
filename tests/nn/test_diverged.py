"""A training that diverges: every engine says in which round and at which client."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cfmt.errors import CfmtError, DivergedError
from cfmt.mlp import MLP
from cfmt.nn import LocalTraining, NativeEngine
from cfmt.nn.cuda.engine import DeviceEngine
from cfmt.nn.torch_engine import TorchEngine
from cfmt.ragged import Ragged
from support.engines import add_up


@pytest.mark.parametrize("kind", [NativeEngine, TorchEngine, DeviceEngine])
def test_round_and_client_are_named(kind: type[Any]) -> None:
    rng = np.random.default_rng(0)
    mlp, X, y = MLP(3, 4), rng.standard_normal((12, 3), np.float32), np.arange(12, dtype=np.uint8) % 2
    engine = kind(mlp, X, y)
    models = rng.uniform(-0.5, 0.5, (1, mlp.n_params)).astype(np.float32)
    rows = Ragged(np.arange(12), np.array([0, 0, 6, 12]))  # the first client has none
    clients, index = np.array([40, 50, 60]), np.zeros(3, np.int64)

    def train(learning_rate: float) -> Any:
        return add_up(
            engine,
            models,
            index,
            rows,
            LocalTraining(learning_rate=learning_rate, steps=4, batch_size=4),
            weights=np.ones(3),
            clusters=index,
            n_clusters=1,
            seed=0,
            round=7,
            clients=clients,
        )

    assert np.isfinite(train(0.1).sums).all()
    with pytest.raises(
        DivergedError, match=r"^round 7: the update of client (50|60) is not finite"
    ) as caught:
        train(1e30)
    assert isinstance(caught.value, CfmtError)
