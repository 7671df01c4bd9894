from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from cfmt.mlp import MLP
from cfmt.nn import Engine, GroupResult, LocalTraining
from cfmt.nn.torch_engine import TorchEngine
from cfmt.ragged import Ragged
from cfmt.sampling import batch_plan
from reference.nn import module, train_client
from support.engines import train

SHAPE = MLP(9, 16)
SIZES = np.array([40, 0, 7, 200, 1, 33, 64, 65, 0, 12])
IDS = np.array([3, 17, 4, 0, 99, 5, 8, 21, 2, 1])


class Setting:
    """A base table, models, and a cohort of ten clients, two of them empty and one much larger."""

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.X = rng.normal(size=(5000, SHAPE.n_features)).astype(np.float32)
        self.y = (rng.random(5000) < 0.3).astype(np.uint8)
        self.models = np.stack([SHAPE.initial(seed) for seed in range(3)])
        self.model_index = rng.integers(0, 3, len(SIZES))
        self.rows = Ragged.from_sizes(rng.integers(0, 5000, SIZES.sum()), SIZES)

    def engine(self, **settings: Any) -> TorchEngine:
        return TorchEngine(SHAPE, self.X, self.y, **settings)

    def train(self, local: LocalTraining, engine: Engine | None = None, **keys: Any) -> list[GroupResult]:
        keys = {"seed": 1, "round": 2, "clients": IDS, **keys}
        engine = self.engine(group_size=4) if engine is None else engine
        return list(train(engine, self.models, self.model_index, self.rows, local, **keys))


def in_cohort_order(groups: list[GroupResult]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    order = np.argsort(np.concatenate([group.positions for group in groups]))
    assert np.array_equal(np.concatenate([group.positions for group in groups])[order], np.arange(len(SIZES)))
    deltas = np.concatenate([group.deltas for group in groups])[order]
    return deltas, np.concatenate([group.losses for group in groups])[order]


@pytest.mark.parametrize(
    "local",
    [
        LocalTraining(steps=6, batch_size=16),
        LocalTraining(steps=None, epochs=2, batch_size=16, prox_mu=0.3, positive_weight="balanced"),
    ],
)
def test_it_trains_each_client_on_its_own_rows_and_model(local: LocalTraining) -> None:
    setting = Setting()
    deltas, losses = in_cohort_order(setting.train(local))
    assert deltas.dtype == np.float32
    X, y = torch.from_numpy(setting.X), torch.from_numpy(setting.y)
    weights = local.positive_weights(setting.y, setting.rows)
    plan = batch_plan(
        setting.rows.offsets,
        batch_size=16, epochs=local.epochs, steps=local.steps, seed=1, round=2, clients=IDS,
    )  # fmt: skip
    batches = torch.from_numpy(np.where(plan >= 0, setting.rows.values[plan], -1))
    for client, model in enumerate(torch.from_numpy(setting.models[setting.model_index])):
        delta, loss = train_client(SHAPE, X, y, batches[client], model, local, weights[client])
        np.testing.assert_allclose(deltas[client], delta, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(losses[client], loss, rtol=1e-5)
    assert np.isnan(losses).tolist() == (SIZES == 0).tolist()


def test_groups_take_clients_by_number_of_steps() -> None:
    groups = Setting().train(LocalTraining(steps=None, epochs=1, batch_size=16))
    assert [group.positions.tolist() for group in groups] == [[3, 7, 6, 0], [5, 2, 4, 9], [1, 8]]
    equal_steps = Setting().train(LocalTraining(steps=2))
    assert [group.positions.tolist() for group in equal_steps] == [[0, 2, 3, 4], [5, 6, 7, 9], [1, 8]]


@pytest.mark.parametrize("group_size", [1, 7, 64])
def test_a_clients_update_does_not_depend_on_its_group(group_size: int) -> None:
    setting, local = Setting(), LocalTraining(steps=None, epochs=3, prox_mu=0.1)
    expected, expected_losses = in_cohort_order(setting.train(local))
    engine = setting.engine(group_size=group_size)
    deltas, losses = in_cohort_order(setting.train(local, engine))
    np.testing.assert_allclose(deltas, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-5)
    models = setting.models[setting.model_index]
    scores = setting.engine(group_size=4).client_scores(models, setting.rows)
    np.testing.assert_allclose(engine.client_scores(models, setting.rows), scores, rtol=1e-5)


def test_same_bits_on_any_number_of_threads_and_twice_in_a_row() -> None:
    setting, local, before = Setting(), LocalTraining(prox_mu=0.1, steps=5), torch.get_num_threads()
    results: list[list[npt.NDArray[Any]]] = []
    for n_threads in (1, 2, 2, 3):
        torch.set_num_threads(n_threads)
        engine = setting.engine(group_size=3)
        deltas, losses = in_cohort_order(setting.train(local, engine))
        own = engine.client_scores(setting.models[setting.model_index], setting.rows)
        results.append([deltas, losses, own, engine.scores(setting.models)])
        assert torch.get_num_threads() == n_threads
    torch.set_num_threads(before)
    for other in results[1:]:
        for array, expected in zip(other, results[0], strict=True):
            assert array.tobytes() == expected.tobytes()


def test_the_callers_threads_are_its_own_while_it_holds_a_group() -> None:
    setting, before = Setting(), torch.get_num_threads()
    groups = train(
        setting.engine(group_size=1),
        setting.models,
        setting.model_index,
        setting.rows,
        LocalTraining(),
        seed=1,
        round=0,
        clients=IDS,
    )
    next(groups)
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("key", [{"seed": 5}, {"round": 5}, {"clients": IDS + 100}])
def test_the_order_of_rows_is_keyed_by_seed_round_and_client(key: dict[str, Any]) -> None:
    setting, local = Setting(), LocalTraining(steps=3, batch_size=4)
    first, _ = in_cohort_order(setting.train(local))
    other, _ = in_cohort_order(setting.train(local, **key))
    assert (first != other).any(axis=1)[SIZES > 4].all()


def test_scores_are_the_modules_probabilities() -> None:
    setting = Setting()
    engine = setting.engine(group_size=4)
    scores = engine.scores(setting.models)
    assert scores.dtype == np.float32
    assert scores.shape == (3, 5000)
    X = torch.from_numpy(setting.X)
    with torch.no_grad():
        expected = [
            module(SHAPE, model)(X).sigmoid().numpy()[:, 0] for model in torch.from_numpy(setting.models)
        ]
    np.testing.assert_allclose(scores, np.stack(expected), rtol=1e-5)
    own = engine.client_scores(setting.models[setting.model_index], setting.rows)
    assert own.dtype == np.float32
    np.testing.assert_allclose(
        own, scores[np.repeat(setting.model_index, SIZES), setting.rows.values], rtol=1e-5
    )  # fmt: skip


def test_nothing_to_do() -> None:
    setting = Setting()
    engine, empty = setting.engine(), Ragged.from_sizes(np.zeros(0, np.int64), np.zeros(2, np.int64))
    no_one = Ragged.from_sizes(np.zeros(0, np.int64), np.zeros(0, np.int64))
    ids = np.arange(2)
    (group,) = train(engine, setting.models, ids, empty, LocalTraining(), seed=1, round=0, clients=ids)
    assert not group.deltas.any()
    assert np.isnan(group.losses).all()
    assert (
        list(
            train(engine, setting.models, ids[:0], no_one, LocalTraining(), seed=1, round=0, clients=ids[:0])
        )
        == []
    )
    assert engine.client_scores(setting.models[:2], empty).shape == (0,)
    assert engine.scores(setting.models[:0]).shape == (0, 5000)


def test_read_only_and_strided_arrays_are_fine() -> None:
    setting = Setting()
    expected, _ = in_cohort_order(setting.train(LocalTraining()))
    scores = setting.engine().scores(setting.models)
    for array in (setting.X, setting.y, setting.models, setting.model_index, setting.rows.values):
        array.flags.writeable = False
    setting.model_index = np.repeat(setting.model_index, 2)[::2]
    strided = setting.engine()
    setting.X, setting.models = np.asfortranarray(setting.X), np.asfortranarray(setting.models)
    for engine in (strided, setting.engine()):
        assert np.array_equal(engine.scores(setting.models), scores)
        deltas, _ = in_cohort_order(setting.train(LocalTraining(), engine))
        np.testing.assert_allclose(deltas, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
def test_a_gpu_gives_what_the_processor_gives() -> None:
    setting, local = Setting(), LocalTraining(steps=None, epochs=2, prox_mu=0.1, positive_weight="balanced")
    gpu = setting.engine(device="cuda")
    np.testing.assert_allclose(gpu.scores(setting.models), setting.engine().scores(setting.models), rtol=1e-4)
    expected, _ = in_cohort_order(setting.train(local))
    np.testing.assert_allclose(in_cohort_order(setting.train(local, gpu))[0], expected, rtol=1e-3, atol=1e-5)


def test_a_table_that_cannot_be_is_named() -> None:
    setting = Setting()
    with pytest.raises(TypeError, match=r"X must be float32, got float64; use X.astype\(np.float32\)"):
        TorchEngine(SHAPE, setting.X.astype(np.float64), setting.y)
    with pytest.raises(TypeError, match="y must be uint8, got int64"):
        TorchEngine(SHAPE, setting.X, setting.y.astype(np.int64))
    with pytest.raises(ValueError, match=r"X must have shape \(n_rows, 9\)"):
        TorchEngine(SHAPE, setting.X[:, :5], setting.y)
    with pytest.raises(ValueError, match="one label for each of the 5000 rows"):
        TorchEngine(SHAPE, setting.X, setting.y[:10])
    with pytest.raises(ValueError, match="1 for attack and 0 for normal, got 2"):
        TorchEngine(SHAPE, setting.X, setting.y * 2)
    setting.X[17, 3] = np.nan
    with pytest.raises(ValueError, match="row 17 is not"):
        TorchEngine(SHAPE, setting.X, setting.y)


def test_settings_that_cannot_be_are_named() -> None:
    setting = Setting()
    with pytest.raises(ValueError, match="group_size must be at least 1, got 0"):
        setting.engine(group_size=0)
    with pytest.raises(ValueError, match='device must be "auto", "cpu" or "cuda", got \'gpu\''):
        setting.engine(device="gpu")
    assert setting.engine(device="auto").device.type in ("cpu", "cuda")
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="torch sees no GPU"):
            setting.engine(device="cuda")


def test_a_cohort_that_cannot_be_is_named_before_training() -> None:
    setting, local = Setting(), LocalTraining()
    engine = setting.engine()
    keys: dict[str, Any] = {"seed": 1, "round": 0, "clients": IDS}
    with pytest.raises(TypeError, match="models must be float32"):
        train(engine, setting.models.astype(np.float64), setting.model_index, setting.rows, local, **keys)
    with pytest.raises(ValueError, match=r"models must have shape \(m, 177\)"):
        train(engine, setting.models[:, :3], setting.model_index, setting.rows, local, **keys)
    with pytest.raises(ValueError, match=r"model_index must lie in 0..1"):
        train(engine, setting.models[:2], np.full(10, 2), setting.rows, local, **keys)
    with pytest.raises(ValueError, match=r"model_index must have shape \(10,\)"):
        train(engine, setting.models, setting.model_index[:4], setting.rows, local, **keys)
    with pytest.raises(TypeError, match="clients must be int64"):
        train(
            engine,
            setting.models,
            setting.model_index,
            setting.rows,
            local,
            seed=1,
            round=0,
            clients=IDS.astype(np.int32),
        )
    outside = setting.rows.with_values(setting.rows.values + 5000)
    with pytest.raises(ValueError, match=r"rows must lie in 0..4999"):
        train(engine, setting.models, setting.model_index, outside, local, **keys)
    with pytest.raises(ValueError, match="one model per client, got 3 for 10 clients"):
        engine.client_scores(setting.models, setting.rows)
