"""The engine for a GPU, on the processor: the code that runs there, but for the graphs and the copies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from cfmt.federated import Method, cfmt, fed_over, fedavg, initial_state, run_round
from cfmt.federated.methods import Clustering
from cfmt.mlp import MLP
from cfmt.nn import LocalTraining, Summed, SummingEngine, make_engine
from cfmt.nn.cuda import engine as device
from cfmt.nn.cuda.engine import DeviceEngine
from cfmt.nn.cuda.graphs import Launcher
from cfmt.nn.cuda.grouping import bytes_per_client, group_size_for
from cfmt.nn.cuda.precision import full_precision
from cfmt.nn.cuda.stack import Stack
from cfmt.nn.cuda.upload import TYPES
from cfmt.nn.torch_engine import TorchEngine
from cfmt.ragged import Ragged
from support.engines import add_up, as_they_come
from support.federations import QUICK, small_federation

SHAPE = MLP(9, 16)
SIZES = np.array([40, 0, 7, 200, 1, 33, 64, 65, 0, 12, 3, 5])
ON_GPU = pytest.param(
    "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
)
DEVICES = pytest.mark.parametrize("name", ["cpu", ON_GPU])
LOCALS = pytest.mark.parametrize(
    "local",
    [
        LocalTraining(steps=6, batch_size=16),
        LocalTraining(steps=1, prox_mu=0.5),
        LocalTraining(steps=None, epochs=1, batch_size=100, positive_weight=4.0),
        LocalTraining(steps=None, epochs=3, batch_size=16, prox_mu=0.3, positive_weight="balanced"),
        LocalTraining(steps=None, epochs=2, batch_size=7, learning_rate=0.2, prox_mu=4.0),
    ],
    ids=["steps", "one step", "one epoch", "epochs", "strong pull"],
)


class Work:
    """A base table, models, and a cohort of clients of unlike sizes, two of them empty."""

    def __init__(self, n_copies: int = 1) -> None:
        rng = np.random.default_rng(4)
        sizes = np.tile(SIZES, n_copies)
        self.X = rng.normal(size=(700, SHAPE.n_features)).astype(np.float32)
        self.y = (rng.random(700) < 0.3).astype(np.uint8)
        self.models = np.stack([SHAPE.initial(seed) for seed in range(3)])
        self.rows = Ragged.from_sizes(rng.integers(0, 700, sizes.sum()), sizes)
        scored_rows = rng.permutation(sizes) // 3
        self.options: dict[str, Any] = {
            "weights": rng.random(len(sizes)) * sizes,
            "clusters": rng.integers(0, 3, len(sizes)),
            "n_clusters": 4,
            "scored_rows": Ragged.from_sizes(rng.integers(0, 700, scored_rows.sum()), scored_rows),
            "seed": 1,
            "round": 2,
            "clients": rng.permutation(len(sizes)) * 3,
        }
        self.model_index = rng.integers(0, 3, len(sizes))

    def engine(self, name: str = "cpu", group_size: int | None = None) -> DeviceEngine:
        return DeviceEngine(SHAPE, self.X, self.y, device=name, group_size=group_size)

    def expected(self, local: LocalTraining, **options: Any) -> Summed:
        engine = TorchEngine(SHAPE, self.X, self.y)
        return as_they_come(
            engine, self.models, self.model_index, self.rows, local, **{**self.options, **options}
        )

    def got(self, engine: SummingEngine, local: LocalTraining, **options: Any) -> Summed:
        return add_up(engine, self.models, self.model_index, self.rows, local, **{**self.options, **options})


def assert_close(work: Work, got: Summed, expected: Summed) -> None:
    for name in Summed._fields:
        values, reference = getattr(got, name), getattr(expected, name)
        assert values.dtype == reference.dtype
        # An update is a difference of two parameters of about 0.3, so its error is relative to them.
        atol = 2e-7 * work.options["weights"].sum() if name == "sums" else 1e-6
        np.testing.assert_allclose(values, reference, rtol=1e-4, atol=atol)


def same_bits(one: Summed, other: Summed) -> bool:
    return all(getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in Summed._fields)


class Rerun:
    """Stands for CUDA's graphs: a recording is the function itself, over the tensors that it held then."""

    def __init__(self) -> None:
        self.n_recorded = self.n_played = 0

    def rehearse(self, function: Callable[[], None]) -> None:
        function()

    def record(self, function: Callable[[], None]) -> Callable[[], None]:
        self.n_recorded += 1

        def play() -> None:
            self.n_played += 1
            function()

        return play


@DEVICES
@LOCALS
@pytest.mark.parametrize("group_size", [1, 5, 64])
def test_a_round_is_that_of_the_reference(name: str, local: LocalTraining, group_size: int) -> None:
    work = Work()
    got, expected = work.got(work.engine(name, group_size), local), work.expected(local)
    assert_close(work, got, expected)
    assert np.isnan(got.losses).tolist() == (SIZES == 0).tolist()
    assert not got.sums[3].any()


@DEVICES
def test_a_cohort_of_many_groups(name: str) -> None:
    work, local = Work(n_copies=20), LocalTraining(steps=None, epochs=2, batch_size=16, prox_mu=0.1)
    expected = work.expected(local)
    for group_size in (7, 100, None):
        assert_close(work, work.got(work.engine(name, group_size), local), expected)


def test_groups_fill_the_memory_that_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    work, local = Work(n_copies=5), LocalTraining(steps=None, epochs=1, batch_size=16)
    free = 2 * 9 * bytes_per_client(SHAPE, 16, 13)  # half of it has room for nine of the largest
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free, 10 * free))
    engine = work.engine()
    engine._fills_memory = True  # as on a GPU
    assert_close(work, work.got(engine, local), work.expected(local))
    assert engine._stack is not None
    assert 9 < engine._stack.capacity <= group_size_for(free, SHAPE, 16, 0)
    given = work.engine(group_size=3)
    assert_close(work, work.got(given, local), work.expected(local))
    assert given._stack is not None
    assert given._stack.capacity == 3


@DEVICES
def test_an_engine_goes_on_with_other_settings_and_the_sums_of_before(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work()
    if name == "cpu":
        monkeypatch.setattr(device, "recorder_for", lambda _: Rerun())
    engine, start = work.engine(name, 5), np.full((4, SHAPE.n_params), 0.25)
    for local in (
        LocalTraining(steps=2, batch_size=4),
        LocalTraining(steps=2, batch_size=4, learning_rate=0.5),
        LocalTraining(steps=3, batch_size=4, learning_rate=0.5, prox_mu=1.0, positive_weight="balanced"),
        LocalTraining(steps=3, batch_size=64),
    ):
        for _ in range(3):  # a recording is made in the second
            got = work.got(engine, local, start=start)
            assert_close(work, got, work.expected(local, start=start))
    assert (start == 0.25).all()


@DEVICES
def test_a_round_repeats_its_bits(name: str) -> None:
    work, local = Work(n_copies=5), LocalTraining(steps=None, epochs=2, prox_mu=0.1)
    engine = work.engine(name, 16)
    first = work.got(engine, local)
    assert all(same_bits(work.got(engine, local), first) for _ in range(2))
    assert same_bits(work.got(work.engine(name, 16), local), first)


@LOCALS
def test_recordings_give_the_same_bits(local: LocalTraining, monkeypatch: pytest.MonkeyPatch) -> None:
    work, recorder = Work(n_copies=3), Rerun()
    expected = work.got(work.engine(group_size=8), local)
    monkeypatch.setattr(device, "recorder_for", lambda _: recorder)
    engine = work.engine(group_size=8)
    for _ in range(3):
        assert same_bits(work.got(engine, local), expected)
    n_recorded = recorder.n_recorded
    work.got(engine, local)
    assert recorder.n_recorded == n_recorded > 0
    assert recorder.n_played > 3 * n_recorded
    # the buffers grow, and recordings over the old ones are not played any more
    engine = work.engine(group_size=64)
    some = replace_cohort(work, 3)
    for each in (some, work, some, work):
        reference = each.got(each.engine(group_size=64), local)
        assert_close(each, each.got(engine, local), reference)


def replace_cohort(work: Work, n_clients: int) -> Work:
    """Take the first clients."""
    part, first = Work(), np.arange(n_clients)
    part.rows, part.model_index = work.rows.take(first), work.model_index[first]
    part.options = dict(work.options, scored_rows=work.options["scored_rows"].take(first))
    for name in ("weights", "clusters", "clients"):
        part.options[name] = work.options[name][first]
    return part


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
@LOCALS
def test_graphs_give_the_bits_of_single_launches(
    local: LocalTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work(n_copies=3)
    with_graphs = work.engine("cuda", 8)
    monkeypatch.setattr(device, "recorder_for", lambda _: None)
    expected = work.got(work.engine("cuda", 8), local)
    assert all(same_bits(work.got(with_graphs, local), expected) for _ in range(3))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
@pytest.mark.parametrize(
    "method", [fedavg(), fed_over(), Method("c", clustering=Clustering(k=2)), cfmt()], ids=lambda m: m.name
)
def test_a_whole_run_on_a_gpu_is_that_of_the_processor(method: Method) -> None:
    models = run_rounds(method, "cuda"), run_rounds(method, "cpu")
    np.testing.assert_allclose(*models, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("method", [fedavg(), fed_over(), cfmt()], ids=lambda m: m.name)
def test_a_whole_run_on_the_processor(method: Method, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = run_rounds(method, "cpu")
    monkeypatch.setattr("cfmt.nn.torch_engine.TorchEngine", DeviceEngine)
    monkeypatch.setattr(device, "recorder_for", lambda _: Rerun())
    np.testing.assert_allclose(run_rounds(method, "cpu"), expected, rtol=1e-3, atol=1e-4)


def run_rounds(method: Method, name: str) -> npt.NDArray[np.float32]:
    federation = small_federation()
    mlp = MLP(federation.n_features, QUICK.hidden)
    engine = make_engine("torch", mlp, federation.X, federation.is_attack, device=name)
    assert isinstance(engine, SummingEngine) == isinstance(engine, DeviceEngine)
    state, clients = initial_state(method, mlp, federation.n_clients, seed=0), np.arange(federation.n_clients)
    for _ in range(2):
        state, _ = run_round(federation, engine, method, QUICK.local, state, clients, seed=0)
    return state.model


@DEVICES
def test_scores_are_those_of_the_reference(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work()
    reference, engine = TorchEngine(SHAPE, work.X, work.y), work.engine(name)
    own = work.models[work.model_index]
    for rows, clients in ((1 << 18, 4096), (100, 3), (1, 1)):
        monkeypatch.setattr(device, "ROWS_PER_PIECE", rows)
        monkeypatch.setattr(device, "CLIENTS_PER_PIECE", clients)
        for got, expected in (
            (engine.scores(work.models), reference.scores(work.models)),
            (engine.client_scores(own, work.rows), reference.client_scores(own, work.rows)),
        ):
            assert got.dtype == np.float32
            np.testing.assert_allclose(got, expected, rtol=1e-5)


@DEVICES
def test_nothing_to_do(name: str) -> None:
    work, local = Work(), LocalTraining()
    engine = work.engine(name)
    empty = replace_cohort(work, 0)
    start = np.full((4, SHAPE.n_params), 2.0)
    np.testing.assert_array_equal(empty.got(engine, local, start=start).sums, start)
    no_rows = replace_cohort(work, 2)
    no_rows.rows = Ragged.from_sizes(work.rows.values[:0], np.zeros(2, np.int64))
    got = no_rows.got(engine, local, scored_rows=None)
    assert not got.sums.any()
    assert np.isnan(got.losses).all()
    assert len(got.scores) == 0
    assert engine.scores(work.models[:0]).shape == (0, 700)
    assert engine.client_scores(work.models[:0], empty.rows).shape == (0,)


def test_a_client_that_has_ended_does_not_move() -> None:
    work, local = Work(), LocalTraining(prox_mu=0.3, learning_rate=0.5)
    X, y, models = (torch.from_numpy(array) for array in (work.X, work.y, work.models))
    stack = Stack(SHAPE, X, y, capacity=8, batch_size=4, recorder=None)
    rows = torch.arange(2 * 5 * 4).view(2, 5, 4)
    stack.begin(models, torch.tensor([0, 1, 2, 0, 1]), torch.ones(5))
    stack.train(rows[:1], [5], local)
    before, losses = stack.trained.clone(), stack.losses.clone()
    rows[1, 2:] = -1
    stack.train(rows[1:], [5], local)  # five take part, of whom two have rows
    assert torch.equal(stack.trained[2:], before[2:])
    assert torch.equal(stack.losses[2:], losses[2:])
    assert (stack.trained[:2] != before[:2]).any(1).all()


class OnlyOnGpu(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch has no types for it
    """Refuses operations on tensors of the host."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        tensors = [t for t in torch.utils._pytree.tree_leaves((args, result)) if isinstance(t, torch.Tensor)]
        assert {t.device.type for t in tensors} == {"cuda"}, func
        return result


@LOCALS
def test_a_step_can_be_recorded(local: LocalTraining) -> None:
    """Nothing of it happens on the host: tested on tensors without storage that claim to lie on a GPU."""
    with FakeTensorMode():
        X = torch.empty(70, SHAPE.n_features, device="cuda")
        stack = Stack(SHAPE, X, torch.empty(70, dtype=torch.uint8, device="cuda"), 8, 4, None)
        with OnlyOnGpu(), torch.no_grad():  # type: ignore[no-untyped-call] # torch has no types for it
            stack._step(6, 3, local)


@LOCALS
def test_nothing_is_mixed_between_host_and_device(
    local: LocalTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole call on tensors without storage that claim to lie on a GPU, but for the copies."""

    def arrive(device: torch.device, *arrays: npt.NDArray[Any]) -> list[torch.Tensor]:
        return [torch.empty(array.shape, dtype=TYPES[array.dtype], device=device) for array in arrays]

    def leave(tensor: torch.Tensor) -> npt.NDArray[np.float64]:
        assert tensor.device.type == "cuda"
        return np.zeros(tensor.shape)

    work = Work()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(device, "recorder_for", lambda _: None)
    monkeypatch.setattr(device, "upload", arrive)
    monkeypatch.setattr(device, "_host", leave)
    with FakeTensorMode(allow_non_fake_inputs=True):
        engine = work.engine("cuda", 5)
        got = work.got(engine, local, start=np.zeros((4, SHAPE.n_params)))
        assert got.sums.shape == (4, SHAPE.n_params)
        assert engine.scores(work.models).shape == (3, 700)
        assert engine.client_scores(work.models[work.model_index], work.rows).shape == (SIZES.sum(),)


def test_functions_are_rehearsed_then_recorded_then_played() -> None:
    recorder, calls = Rerun(), [0]
    launch = Launcher(recorder)

    def count() -> None:
        calls[0] += 1

    for n in range(1, 5):
        launch("key", count)
        assert (calls[0], recorder.n_recorded, recorder.n_played) == (n, int(n > 1), n - 1)
    launch("other", count)
    assert recorder.n_recorded == 1


def test_precision_is_full_inside_and_as_before_outside() -> None:
    matmul = torch.backends.cuda.matmul
    name, before = ("fp32_precision", "tf32") if hasattr(matmul, "fp32_precision") else ("allow_tf32", True)
    default = getattr(matmul, name)
    setattr(matmul, name, before)
    try:
        with full_precision():
            assert getattr(matmul, name) in ("ieee", False)
        assert getattr(matmul, name) == before
    finally:
        setattr(matmul, name, default)


def test_what_cannot_be_is_named() -> None:
    work, local = Work(), LocalTraining()
    with pytest.raises(ValueError, match="group_size must be at least 1, got 0"):
        work.engine(group_size=0)
    with pytest.raises(ValueError, match="one output, got n_outputs=2"):
        DeviceEngine(replace(SHAPE, n_outputs=2), work.X, work.y, device="cpu")
    engine, n = work.engine(), len(SIZES)
    bad: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"weights": np.ones(n, np.float32)}, TypeError, "weights must be float64, got float32"),
        ({"weights": np.ones(3)}, ValueError, r"weights must have shape \(12,\)"),
        ({"weights": np.full(n, -1.0)}, ValueError, "weights must be finite and not negative"),
        ({"weights": np.full(n, np.nan)}, ValueError, "weights must be finite and not negative"),
        ({"clusters": np.full(n, 4)}, ValueError, r"clusters must lie in 0..3, got 4..4"),
        ({"clients": np.arange(3)}, ValueError, r"clients must have shape \(12,\)"),
        ({"start": np.zeros((2, 3))}, ValueError, r"start must be float64 of shape \(4, 177\)"),
        (
            {"scored_rows": work.rows.with_values(work.rows.values + 700)},
            ValueError,
            "rows must lie in 0..699",
        ),
    ]
    for options, error, message in bad:
        with pytest.raises(error, match=message):
            work.got(engine, local, **options)
    with pytest.raises(ValueError, match="one model per client, got 3 for 12 clients"):
        engine.client_scores(work.models, work.rows)
