from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import Tensor

from cfmt.mlp import MLP
from cfmt.nn.torch_mlp import draw
from cfmt.nn.torch_training import train_stacked
from cfmt.nn.values import LocalTraining
from cfmt.ragged import Ragged
from reference.nn import train_client

MLP_SHAPE = MLP(9, 16)


@dataclass
class Task:
    """Arguments of train_stacked, made at random."""

    X: Tensor
    y: Tensor
    plan: Tensor
    models: Tensor
    model_index: Tensor

    def train(
        self, config: LocalTraining, clients: Tensor | slice = slice(None), weight: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        return train_stacked(
            MLP_SHAPE, self.X, self.y, self.plan[clients], self.models, self.model_index[clients], config,
            positive_weight=weight,
        )  # fmt: skip

    def to(self, device: str) -> Task:
        return Task(*(getattr(self, name).to(device) for name in ("X", "y", "plan", "models", "model_index")))


def make_task(dtype: torch.dtype, *, n_clients: int = 32, n_steps: int = 12, batch_size: int = 8) -> Task:
    """Clients with fewer and fewer steps, partial batches, one class on some, and none at all on the last."""
    draws = torch.Generator().manual_seed(5)
    X = torch.randn(400, MLP_SHAPE.n_features, generator=draws, dtype=dtype)
    y = (torch.rand(400, generator=draws) < 0.3).to(torch.uint8)
    y[300:350], y[350:] = 0, 1
    plan = torch.randint(0, 300, (n_clients, n_steps, batch_size), generator=draws)
    for client in range(n_clients):
        plan[client, n_steps - client * n_steps // (n_clients - 1) :] = -1
        plan[client, client % n_steps, 1 + client % batch_size :] = -1
    if n_clients > 4:
        plan[1][plan[1] >= 0], plan[2][plan[2] >= 0] = 320, 370
    models = torch.stack([draw(MLP_SHAPE, draws, dtype) for _ in range(3)])
    model_index = torch.randint(0, 3, (n_clients,), generator=draws)
    return Task(X, y, plan, models, model_index)


def plain_loop(
    task: Task, client: int, config: LocalTraining, positive_weight: float
) -> tuple[Tensor, float]:
    received = task.models[task.model_index[client]]
    return train_client(MLP_SHAPE, task.X, task.y, task.plan[client], received, config, positive_weight)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-10)])
@pytest.mark.parametrize("prox_mu", [0.0, 0.5])
@pytest.mark.parametrize("positive_weight", [1.0, 3.5])
def test_a_stack_trains_as_plain_loops_do(
    dtype: torch.dtype, tolerance: float, prox_mu: float, positive_weight: float
) -> None:
    task = make_task(dtype)
    config = LocalTraining(learning_rate=0.1, prox_mu=prox_mu, positive_weight=positive_weight)
    deltas, losses = task.train(config)
    assert losses.dtype == torch.float64
    for client in range(32):
        delta, loss = plain_loop(task, client, config, positive_weight)
        # Relative to the size of the parameters: an update is a difference of two of them.
        torch.testing.assert_close(deltas[client], delta, rtol=tolerance, atol=tolerance)
        assert torch.linalg.norm(deltas[client] - delta) <= tolerance * torch.linalg.norm(delta)
        np.testing.assert_allclose(losses[client].item(), loss, rtol=tolerance)
    assert not deltas[31].any()
    assert losses[31].isnan()


def test_each_client_may_weigh_its_attacks_differently() -> None:
    task = make_task(torch.float64)
    config = LocalTraining(positive_weight="balanced")
    weights = torch.linspace(0.2, 5, 32, dtype=torch.float64)
    deltas, _ = task.train(config, weight=weights)
    for client in (0, 7, 20):
        expected, _ = plain_loop(task, client, config, weights[client].item())
        torch.testing.assert_close(deltas[client], expected, rtol=1e-10, atol=1e-12)


def test_proximal_gradient_is_mu_times_the_distance() -> None:
    task = make_task(torch.float64, n_clients=2, n_steps=2)
    with_term, without = LocalTraining(learning_rate=0.1, prox_mu=0.7), LocalTraining(learning_rate=0.1)
    one_step = replace(task, plan=task.plan[:, :1])
    distance, _ = one_step.train(without)
    # At the received model the term has no gradient; one step on, it has mu (w - w_received).
    assert torch.equal(one_step.train(with_term)[0], distance)
    difference = task.train(with_term)[0] - task.train(without)[0]
    went_on = (task.plan[:, 1, 0] >= 0).unsqueeze(1)
    torch.testing.assert_close(difference, -0.1 * 0.7 * distance * went_on, rtol=1e-9, atol=1e-14)


def test_without_proximal_term_it_is_fedavg_to_the_last_bit() -> None:
    task = make_task(torch.float32)
    fedavg, _ = task.train(LocalTraining())
    assert torch.equal(task.train(LocalTraining(prox_mu=0.0))[0], fedavg)
    # and in the limit: a term too small to move a float leaves every bit
    assert torch.equal(task.train(LocalTraining(prox_mu=1e-30))[0], fedavg)


@pytest.mark.parametrize("group", [1, 7, 32])
def test_a_clients_update_does_not_depend_on_its_group(group: int) -> None:
    task = make_task(torch.float32)
    config = LocalTraining(prox_mu=0.1)
    whole, whole_losses = task.train(config)
    parts = [task.train(config, slice(i, i + group)) for i in range(0, 32, group)]
    torch.testing.assert_close(torch.cat([delta for delta, _ in parts]), whole, rtol=1e-5, atol=1e-6)
    losses = torch.cat([loss for _, loss in parts])
    torch.testing.assert_close(losses, whole_losses, rtol=1e-5, atol=0, equal_nan=True)


def test_nothing_to_train_on() -> None:
    task = make_task(torch.float32)
    empty = replace(task, plan=task.plan[:, :0])
    deltas, losses = empty.train(LocalTraining())
    assert deltas.shape == (32, MLP_SHAPE.n_params)
    assert not deltas.any()
    assert losses.isnan().all()
    assert task.train(LocalTraining(), slice(0, 0))[0].shape == (0, MLP_SHAPE.n_params)


def test_arguments_are_left_as_they_are() -> None:
    task = make_task(torch.float32)
    before = [getattr(task, name).clone() for name in ("X", "y", "plan", "models", "model_index")]
    task.train(LocalTraining(prox_mu=1.0))
    for name, value in zip(("X", "y", "plan", "models", "model_index"), before, strict=True):
        assert torch.equal(getattr(task, name), value)


def test_extreme_logits_keep_the_loss_finite() -> None:
    task = make_task(torch.float32)
    task.models.mul_(1e4)
    deltas, losses = task.train(LocalTraining())
    assert deltas.isfinite().all()
    assert losses[:-1].isfinite().all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.float64, 1e-10)])
def test_a_gpu_trains_as_the_processor_does(dtype: torch.dtype, tolerance: float) -> None:
    task = make_task(dtype)
    config = LocalTraining(prox_mu=0.2)
    expected, expected_losses = task.train(config)
    deltas, losses = task.to("cuda").train(config)
    torch.testing.assert_close(deltas.cpu(), expected, rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(losses.cpu(), expected_losses, rtol=tolerance, atol=0, equal_nan=True)


def test_balanced_weights_are_the_clients_own_ratios() -> None:
    is_attack = np.array([0, 0, 0, 1, 1], np.uint8)
    rows = Ragged.from_sizes(np.array([0, 1, 2, 3, 0, 1, 3, 3, 3, 3]), np.array([4, 2, 2, 0, 2]))
    balanced = LocalTraining(positive_weight="balanced").positive_weights(is_attack, rows)
    assert balanced.tolist() == [3, 1, 1, 1, 1]
    assert LocalTraining(positive_weight=2.5).positive_weights(is_attack, rows).tolist() == [2.5] * 5


def test_number_of_steps() -> None:
    sizes = np.array([0, 1, 32, 33])
    assert LocalTraining(steps=5).n_steps(sizes).tolist() == [0, 5, 5, 5]
    assert LocalTraining(steps=None, epochs=2).n_steps(sizes).tolist() == [0, 2, 2, 4]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learning_rate": 0.0}, "learning_rate must be a positive number, got 0.0"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"epochs": 1}, "exactly one of epochs and steps"),
        ({"steps": None}, "exactly one of epochs and steps"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"prox_mu": -0.1}, "prox_mu must be a number of at least 0, got -0.1"),
        (
            {"positive_weight": "equal"},
            "positive_weight must be a positive number or \"balanced\", got 'equal'",
        ),
        ({"positive_weight": float("inf")}, "positive_weight must be a positive number"),
    ],
)
def test_settings_that_cannot_be(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LocalTraining(**change)  # type: ignore[arg-type]


def test_arguments_that_do_not_fit_are_named() -> None:
    task = make_task(torch.float32)
    with pytest.raises(ValueError, match="descending number of steps"):
        replace(task, plan=task.plan.flip(0)).train(LocalTraining())
    with pytest.raises(ValueError, match="plan must be int64"):
        replace(task, plan=task.plan[:, 0]).train(LocalTraining())
    with pytest.raises(ValueError, match="balanced"):
        task.train(LocalTraining(positive_weight="balanced"))
    with pytest.raises(ValueError, match="same type"):
        replace(task, models=task.models.double()).train(LocalTraining())
