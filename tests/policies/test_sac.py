from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from cfmt.policies import SacConfig, SacState
from cfmt.policies import sac_learning as sac
from cfmt.policies.replay import Replay
from cfmt.policies.sac_learning import learn
from cfmt.policies.sac_policy import act, initial_policy
from cfmt.streams import generator

Floats = npt.NDArray[np.float64]
SMALL = SacConfig(n_state=2, hidden=8, batch_size=16, warmup=20)


def transitions(n: int, *, n_state: int = 2, capacity: int = 1000, done: bool = False) -> Replay:
    rng = np.random.default_rng(n)
    return Replay.empty(capacity, n_state).add(
        rng.random((n, n_state)), rng.random(n), rng.random(n), rng.random((n, n_state)), np.full(n, done)
    )


def same_bits(first: SacState, second: SacState) -> bool:
    return first.arrays.keys() == second.arrays.keys() and all(
        first.arrays[name].tobytes() == second.arrays[name].tobytes() for name in first.arrays
    )


def play_one_step_problem(config: SacConfig, best: Floats, rounds: int) -> tuple[SacState, Floats]:
    """Let 40 clients act for some rounds, each state with a best action of its own."""
    state, replay = initial_policy(config, seed=3), Replay.empty(2000, 2)
    context = np.repeat([[1.0, 0.0], [0.0, 1.0]], 20, axis=0)
    for t in range(rounds):
        mu = act(state, context, config, seed=3, round=t, explore=True)
        reward = -np.square(mu - np.repeat(best, 20))
        replay = replay.add(context, mu, reward, context, np.ones(40, np.bool_))
        state = learn(state, replay, config, seed=3, round=t, n_updates=20)
    return state, act(state, context[[0, 20]], config, seed=3, round=rounds, explore=False)


@pytest.mark.parametrize("temperature", [None, 0.001])
@pytest.mark.parametrize("best", [(0.3, 0.3), (0.2, 0.8)])
def test_it_finds_the_best_action_of_each_state(temperature: float | None, best: tuple[float, float]) -> None:
    config = SacConfig(n_state=2, warmup=200, temperature=temperature)
    state, chosen = play_one_step_problem(config, np.array(best), rounds=60)
    np.testing.assert_allclose(chosen, best, atol=0.05)
    tuned = math.exp(state.arrays["log_temperature"][0])
    assert (tuned < 0.09) == (temperature is None)


def test_log_density_of_actions_integrates_to_one() -> None:
    actor = torch.from_numpy(initial_policy(SMALL, seed=1).arrays["actor"])
    noise = torch.linspace(-9, 9, 20001, dtype=torch.float64)
    actions, log_prob = sac._draw_actions(actor, torch.full((20001, 2), 0.5).double(), noise, SMALL)
    assert torch.trapezoid(log_prob.exp(), actions).item() == pytest.approx(1, abs=1e-6)


def test_log_density_is_finite_where_the_action_saturates() -> None:
    actor = torch.from_numpy(initial_policy(SMALL, seed=1).arrays["actor"]) * 0
    actor[-2:] = torch.tensor([800.0, 0.0])
    actions, log_prob = sac._draw_actions(actor, torch.zeros(1, 2).double(), torch.zeros(1).double(), SMALL)
    assert actions.item() == 1
    assert log_prob.item() == pytest.approx(800 - 0.5 * math.log(2 * math.pi))


@pytest.mark.parametrize("done", [False, True])
def test_only_a_state_that_goes_on_has_a_future(done: bool) -> None:
    replay = transitions(16, done=done)
    tensors = {k: torch.tensor(v) for k, v in initial_policy(SMALL, seed=1).arrays.items()}
    wanted = sac._wanted_values(tensors, replay, torch.zeros(16).double(), 0.1, SMALL)
    future = wanted.numpy() - replay.rewards
    assert np.all(future == 0) if done else np.all(future != 0)


def test_adam_is_torchs_adam() -> None:
    values, *gradients = torch.from_numpy(np.random.default_rng(0).normal(size=(6, 7)))
    reference = torch.nn.Parameter(values.clone())
    optimiser = torch.optim.Adam([reference], lr=0.01)
    tensors = {"w": values, "w.first": torch.zeros(7).double(), "w.second": torch.zeros(7).double()}
    for step, gradient in enumerate(gradients, 1):
        reference.grad = gradient
        optimiser.step()
        sac._adam_step(tensors | {"n_updates": torch.tensor(step)}, "w", gradient, 0.01)
    torch.testing.assert_close(tensors["w"], reference.detach(), rtol=1e-12, atol=0)


def test_each_critic_learns_from_its_own_error_only() -> None:
    state, replay = initial_policy(SMALL, seed=1), transitions(20)
    other = {name: array.copy() for name, array in state.arrays.items()}
    other["critics"][1] += 1
    moved = learn(state, replay, SMALL, seed=1, round=0, n_updates=1)
    moved_other = learn(SacState(other), replay, SMALL, seed=1, round=0, n_updates=1)
    assert np.array_equal(moved.arrays["critics"][0], moved_other.arrays["critics"][0])
    assert not np.array_equal(moved.arrays["critics"][1] + 1, moved_other.arrays["critics"][1])


def test_targets_follow_the_critics() -> None:
    state = initial_policy(SMALL, seed=1)
    moved = learn(state, transitions(20), SMALL, seed=1, round=0, n_updates=1)
    expected = 0.99 * state.arrays["targets"] + 0.01 * moved.arrays["critics"]
    np.testing.assert_allclose(moved.arrays["targets"], expected, rtol=1e-12)


def test_temperature_falls_where_there_is_more_entropy_than_wanted() -> None:
    state = initial_policy(SMALL, seed=1)
    for target, falls in ((-50.0, True), (50.0, False)):
        config = replace(SMALL, target_entropy=target)
        moved = learn(state, transitions(20), config, seed=1, round=0, n_updates=1)
        assert (moved.arrays["log_temperature"] < state.arrays["log_temperature"]).all() == falls
    fixed = learn(state, transitions(20), replace(SMALL, temperature=0.2), seed=1, round=0, n_updates=3)
    assert np.array_equal(fixed.arrays["log_temperature"], state.arrays["log_temperature"])


def test_learning_in_two_parts_through_a_file_has_the_same_bits(
    tmp_path: Path,
) -> None:
    path = tmp_path / "policy.npz"
    replay, state = transitions(50), initial_policy(SMALL, seed=1)
    straight = learn(state, replay, SMALL, seed=1, round=0, n_updates=5)
    np.savez(path, allow_pickle=False, **straight.arrays)
    with np.load(path) as file:
        restored = SacState({name: file[name] for name in file.files})
    assert same_bits(straight, restored)
    onward = [learn(s, replay, SMALL, seed=1, round=1, n_updates=5) for s in (straight, restored)]
    assert same_bits(*onward)
    assert onward[0].n_updates == 10


def test_learning_is_pure_seeded_and_the_same_on_any_number_of_threads() -> None:
    config, threads = SacConfig(warmup=1), torch.get_num_threads()
    state, replay = initial_policy(config, seed=1), transitions(300, n_state=10)
    before = SacState({name: array.copy() for name, array in state.arrays.items()})
    results = []
    for n_threads in (1, 2, 3):
        torch.set_num_threads(n_threads)
        results.append(learn(state, replay, config, seed=1, round=4, n_updates=10))
        assert torch.get_num_threads() == n_threads
    torch.set_num_threads(threads)
    assert same_bits(state, before)
    assert same_bits(results[0], results[1])
    assert same_bits(results[0], results[2])
    for other in ({"seed": 2}, {"round": 5}, {"policy": 1}):
        keys = {"seed": 1, "round": 4, "policy": 0} | other
        assert not same_bits(results[0], learn(state, replay, config, n_updates=10, **keys))


def test_nothing_is_learned_before_the_warmup() -> None:
    state = initial_policy(SMALL, seed=1)
    assert learn(state, transitions(19), SMALL, seed=1, round=0, n_updates=5) is state
    assert learn(state, transitions(20), SMALL, seed=1, round=0, n_updates=5) is not state


def test_actions_before_the_first_update_are_uniform() -> None:
    states = np.zeros((20000, 2))
    mu = act(initial_policy(SMALL, seed=1), states, SMALL, seed=1, round=0, explore=True)
    deciles = np.histogram(mu, bins=10, range=(0, 1))[0]
    assert np.square(deciles - 2000).sum() / 2000 < 27.9  # chi-squared, 9 degrees of freedom, p = 0.001


@pytest.mark.parametrize("trained", [False, True])
def test_a_clients_draw_depends_on_no_other_client(trained: bool) -> None:
    state = initial_policy(SMALL, seed=1)
    if trained:
        state = learn(state, transitions(20), SMALL, seed=1, round=0, n_updates=3)
    states = np.random.default_rng(0).random((6, 2))
    together = act(state, states, SMALL, seed=1, round=2, explore=True)
    ids = np.array([5, 1])
    np.testing.assert_allclose(
        act(state, states[ids], SMALL, seed=1, round=2, explore=True, clients=ids), together[ids], rtol=1e-12
    )
    assert len(np.unique(together)) == 6
    assert not np.array_equal(act(state, states, SMALL, seed=1, round=3, explore=True), together)


def test_an_evaluated_policy_takes_the_mean_without_a_draw() -> None:
    state, states = initial_policy(SMALL, seed=1), np.random.default_rng(0).random((5, 2))
    first = act(state, states, SMALL, seed=1, round=0, explore=False)
    assert np.array_equal(first, act(state, states, SMALL, seed=9, round=7, explore=False))
    assert ((first > 0) & (first < 1)).all()
    assert act(state, states[:0], SMALL, seed=1, round=0, explore=False).shape == (0,)
    assert act(state, states[:0], SMALL, seed=1, round=0, explore=True).shape == (0,)


def test_policies_are_drawn_apart() -> None:
    first, second = (initial_policy(SMALL, seed=1, policy=policy) for policy in (0, 1))
    assert not np.array_equal(first.arrays["actor"], second.arrays["actor"])
    assert not np.array_equal(first.arrays["critics"][0], first.arrays["critics"][1])
    assert same_bits(first, initial_policy(SMALL, seed=1))


def test_replay_drops_the_oldest_and_stays_as_it_was() -> None:
    full = Replay.empty(3, 1)
    for value in range(5):
        x = np.array([value / 10])
        before, full = full, full.add(x[:, None], x, x, x[:, None], np.array([value == 4]))
        assert len(before) == min(value, 3)
    assert full.actions.tolist() == [0.2, 0.3, 0.4]
    assert full.states[:, 0].tolist() == [0.2, 0.3, 0.4]
    assert full.done.tolist() == [False, False, True]
    many = np.linspace(0, 1, 10)
    assert full.add(many[:, None], many, many, many[:, None], many > 2).actions.tolist() == many[-3:].tolist()


def test_replay_draws_whole_transitions_by_seed() -> None:
    replay = transitions(30)
    draw = replay.draw(200, generator(1, "policy-learning"))
    again = replay.draw(200, generator(1, "policy-learning"))
    rows = [int(np.flatnonzero(replay.actions == action)[0]) for action in draw.actions]
    for name in ("states", "rewards", "next_states", "done"):
        assert np.array_equal(getattr(draw, name), getattr(replay, name)[rows])
        assert np.array_equal(getattr(draw, name), getattr(again, name))
    assert len(set(rows)) == 30


def test_what_cannot_be_is_named() -> None:
    with pytest.raises(ValueError, match="capacity must be at least 1, got 0"):
        Replay.empty(0, 2)
    with pytest.raises(ValueError, match="empty replay"):
        Replay.empty(1, 2).draw(1, np.random.default_rng(0))
    x = np.array([0.5])
    with pytest.raises(ValueError, match=r"actions must lie in \[0, 1\]"):
        Replay.empty(1, 1).add(x[:, None], x + 1, x, x[:, None], x > 1)
    with pytest.raises(ValueError, match="rewards must be finite"):
        Replay.empty(1, 1).add(x[:, None], x, x * np.nan, x[:, None], x > 1)
    with pytest.raises(ValueError, match=r"states must have shape \(1, 2\), got \(1, 1\)"):
        Replay.empty(1, 2).add(x[:, None], x, x, x[:, None], x > 1)
    with pytest.raises(ValueError, match=r"states must have shape \(n, 2\)"):
        act(initial_policy(SMALL, seed=1), x[:, None], SMALL, seed=1, round=0, explore=False)
    with pytest.raises(ValueError, match="meta-states of length 3, the policy takes 2"):
        learn(initial_policy(SMALL, seed=1), transitions(9, n_state=3), SMALL, seed=1, round=0, n_updates=1)
    with pytest.raises(ValueError, match=r"discount must lie in \[0, 1\], got 2"):
        SacConfig(discount=2)
    with pytest.raises(ValueError, match="warmup must be at least 1, got 0"):
        SacConfig(warmup=0)
    with pytest.raises(ValueError, match="temperature must be a number of at least 0"):
        SacConfig(temperature=-1)
    with pytest.raises(ValueError, match="learning_rate must be a positive number"):
        SacConfig(learning_rate=0)
