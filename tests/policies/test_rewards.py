"""Rewards of the learned meta-sampler: who judges whom, on which rows, and what a gain becomes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from cfmt.federated import LearnedMu, MetaSampler, Method, initial_state
from cfmt.federated.cohort import Cohort, receive
from cfmt.federated.rewards import draw_judges, gains, judged_rows, n_judged, rewards_of
from cfmt.federated.view import look
from cfmt.mlp import MLP
from cfmt.nn import make_engine
from support.federations import QUICK, small_federation

METHOD = Method("m", sampler=MetaSampler())


def cohort_of(n: int, *, seed: int = 0, round: int = 0) -> Cohort:
    federation = small_federation()
    state = initial_state(METHOD, MLP(federation.n_features, QUICK.hidden), federation.n_clients, seed=0)
    clients = np.arange(federation.n_clients)[:n]
    return receive(federation, METHOD, replace(state, round=round), clients, seed=seed)


@given(n=st.integers(2, 9), judges=st.integers(1, 12), seed=st.integers(0, 5), round=st.integers(0, 5))
def test_everybody_judges_as_many_others_as_judge_it(n: int, judges: int, seed: int, round: int) -> None:
    cohort, policy = cohort_of(n, seed=seed, round=round), LearnedMu(judges=judges)
    n = len(cohort.clients)
    drawn = draw_judges(cohort, policy)
    assert drawn.shape == (n, min(judges, n - 1)) == (n, n_judged(policy, n))
    assert not (drawn == cohort.clients[:, None]).any()
    assert all(len(np.unique(row)) == len(row) for row in drawn)
    np.testing.assert_array_equal(np.unique(drawn, return_counts=True)[1], drawn.shape[1])
    np.testing.assert_array_equal(drawn, draw_judges(cohort, policy))


def test_judges_change_with_round_and_seed() -> None:
    policy = LearnedMu(judges=2)
    first = draw_judges(cohort_of(8), policy)
    assert (first != draw_judges(cohort_of(8, round=1), policy)).any()
    assert (first != draw_judges(cohort_of(8, seed=1), policy)).any()


@pytest.mark.parametrize(("n", "judges"), [(5, 0), (1, 3)])
def test_without_others_each_judges_itself(n: int, judges: int) -> None:
    cohort = cohort_of(n)
    np.testing.assert_array_equal(draw_judges(cohort, LearnedMu(judges=judges))[:, 0], cohort.clients)


@pytest.mark.parametrize("judges", [0, 1, 3])
def test_judged_rows_are_the_judges_validation_rows(judges: int) -> None:
    cohort = cohort_of(8)
    drawn = draw_judges(cohort, LearnedMu(judges=judges))
    (part,) = cohort.parts(np.array([3, 0, 5, 1]))
    judged = judged_rows(part, cohort, drawn)
    validation = cohort.federation.validation
    for place, at in enumerate(part.at):
        wanted = np.concatenate([validation.of(k) for k in drawn[at]])
        if len(np.unique(cohort.federation.is_attack[wanted])) < 2:
            wanted = wanted[:0]
        np.testing.assert_array_equal(judged.of(place), wanted)


def test_gains_are_differences_of_average_precision() -> None:
    cohort = cohort_of(8)
    federation = cohort.federation
    engine = make_engine(
        "torch", MLP(federation.n_features, QUICK.hidden), federation.X, federation.is_attack
    )
    view = look(engine, METHOD, cohort)
    (part,) = cohort.parts()
    judged = judged_rows(part, cohort, draw_judges(cohort, LearnedMu(judges=2)))
    after = np.random.default_rng(0).random(len(judged.values)).astype(np.float32)
    found = gains(part, cohort, view, judged, after)
    for k in range(judged.n_clients):
        rows = judged.of(k)
        if len(rows) == 0:
            assert np.isnan(found[k])
            continue
        labels = federation.is_attack[rows]
        own = after[judged.offsets[k] : judged.offsets[k + 1]]
        wanted = average_precision_score(labels, own) - average_precision_score(labels, view.scores[0][rows])
        assert found[k] == pytest.approx(wanted, abs=1e-6)
    assert not np.isnan(found).all()


@given(st.lists(st.floats(-1, 1) | st.just(float("nan")), max_size=30))
def test_ranks_keep_the_order_and_lie_around_zero(values: list[float]) -> None:
    gained = np.array(values)
    ranks = rewards_of(LearnedMu(), gained)
    known = ~np.isnan(gained)
    np.testing.assert_array_equal(np.isnan(ranks), ~known)
    kept: npt.NDArray[np.float64] = ranks[known]
    np.testing.assert_array_equal(np.sign(np.subtract.outer(kept, kept)), _signs(gained[known]))
    assert np.abs(kept).max(initial=0) < 1
    assert kept.sum() == pytest.approx(0, abs=1e-9)
    np.testing.assert_array_equal(rewards_of(LearnedMu(reward="gain"), gained), gained)


def _signs(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.sign(values[:, None] - values[None, :])


def test_a_negative_number_of_judges_is_refused() -> None:
    with pytest.raises(ValueError, match="judges must be at least 0, got -1"):
        LearnedMu(judges=-1)
