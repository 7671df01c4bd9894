"""Rewards of the learned policy: who reviews whom, on which rows, and what a gain becomes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from cfmt.federated import LearnedMu, MetaSampler, Method, initial_state, server
from cfmt.federated.cohort import Cohort, groups
from cfmt.federated.reviews import draw_reviewers, gains, reviewed_rows
from cfmt.federated.scoring import score
from cfmt.mlp import MLP
from cfmt.nn import make_engine
from cfmt.policies.actor_critic import mid_ranks
from support.federations import QUICK, small_federation

METHOD = Method("m", sampler=MetaSampler())


def cohort_of(n: int, *, seed: int = 0, round: int = 0) -> Cohort:
    federation = small_federation()
    state = initial_state(METHOD, MLP(federation.n_features, QUICK.hidden), federation.n_clients, seed=0)
    clients = np.arange(federation.n_clients)[:n]
    return server.send(METHOD, replace(state, round=round), clients, seed=seed)


@given(n=st.integers(2, 9), n_reviewers=st.integers(1, 12), seed=st.integers(0, 5), round=st.integers(0, 5))
def test_everybody_reviews_as_many_others_as_review_it(
    n: int, n_reviewers: int, seed: int, round: int
) -> None:
    cohort, policy = cohort_of(n, seed=seed, round=round), LearnedMu(reviewers=n_reviewers)
    n = len(cohort.clients)
    drawn = draw_reviewers(cohort, policy.n_reviewers(n))
    assert drawn.shape == (n, min(n_reviewers, n - 1)) == (n, policy.n_reviewers(n))
    assert not (drawn == cohort.clients[:, None]).any()
    assert all(len(np.unique(row)) == len(row) for row in drawn)
    np.testing.assert_array_equal(np.unique(drawn, return_counts=True)[1], drawn.shape[1])
    np.testing.assert_array_equal(drawn, draw_reviewers(cohort, policy.n_reviewers(n)))


def test_reviewers_change_with_round_and_seed() -> None:
    first = draw_reviewers(cohort_of(8), 2)
    assert (first != draw_reviewers(cohort_of(8, round=1), 2)).any()
    assert (first != draw_reviewers(cohort_of(8, seed=1), 2)).any()


@pytest.mark.parametrize(("n", "n_reviewers"), [(5, 0), (1, 3)])
def test_without_others_each_reviews_its_own(n: int, n_reviewers: int) -> None:
    cohort = cohort_of(n)
    np.testing.assert_array_equal(
        draw_reviewers(cohort, LearnedMu(reviewers=n_reviewers).n_reviewers(len(cohort)))[:, 0],
        cohort.clients,
    )


@pytest.mark.parametrize("n_reviewers", [0, 1, 3])
def test_reviewed_rows_are_the_reviewers_validation_rows(n_reviewers: int) -> None:
    cohort, federation = cohort_of(8), small_federation()
    drawn = draw_reviewers(cohort, n_reviewers)
    (group,) = groups(federation, cohort, np.array([3, 0, 5, 1]))
    reviewed = reviewed_rows(federation, group, drawn)
    validation = federation.validation
    for place, at in enumerate(group.positions):
        wanted = np.concatenate([validation.of(k) for k in drawn[at]])
        if len(np.unique(federation.is_attack[wanted])) < 2:
            wanted = wanted[:0]
        np.testing.assert_array_equal(reviewed.of(place), wanted)


def test_gains_are_differences_of_average_precision() -> None:
    cohort, federation = cohort_of(8), small_federation()
    engine = make_engine(
        "torch", MLP(federation.n_features, QUICK.hidden), federation.X, federation.is_attack
    )
    scores = score(engine, cohort.models, round=cohort.round)
    (group,) = groups(federation, cohort)
    reviewed = reviewed_rows(federation, group, draw_reviewers(cohort, 2))
    after = np.random.default_rng(0).random(len(reviewed.values)).astype(np.float32)
    found = gains(federation, group, reviewed, scores, after)
    for k in range(reviewed.n_clients):
        rows = reviewed.of(k)
        if len(rows) == 0:
            assert np.isnan(found[k])
            continue
        labels = federation.is_attack[rows]
        own = after[reviewed.offsets[k] : reviewed.offsets[k + 1]]
        wanted = average_precision_score(labels, own) - average_precision_score(labels, scores[0][rows])
        assert found[k] == pytest.approx(wanted, abs=1e-6)
    assert not np.isnan(found).all()


@given(st.lists(st.floats(-1, 1) | st.just(float("nan")), max_size=30))
def test_ranks_keep_the_order_and_lie_around_zero(values: list[float]) -> None:
    gained = np.array(values)
    ranks = mid_ranks(gained)
    known = ~np.isnan(gained)
    np.testing.assert_array_equal(np.isnan(ranks), ~known)
    kept: npt.NDArray[np.float64] = ranks[known]
    np.testing.assert_array_equal(np.sign(np.subtract.outer(kept, kept)), _signs(gained[known]))
    assert np.abs(kept).max(initial=0) < 1
    assert kept.sum() == pytest.approx(0, abs=1e-9)


def _signs(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.sign(values[:, None] - values[None, :])


def test_a_negative_number_of_reviewers_is_refused() -> None:
    with pytest.raises(ValueError, match="reviewers must be at least 0, got -1"):
        LearnedMu(reviewers=-1)
