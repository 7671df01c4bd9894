"""How the meta-sampler chooses its centre mu, and how it learns to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cfmt.federated.cohort import Cohort
from cfmt.federated.methods import FixedMu, HandRule, LearnedMu, MuPolicy, RandomMu
from cfmt.federated.state import PolicyState
from cfmt.policies.sac_learning import learn
from cfmt.policies.sac_policy import act
from cfmt.streams import generator

__all__ = ["choose_mu", "observe", "remember"]


def choose_mu(
    policy: MuPolicy,
    learners: PolicyState | None,
    cohort: Cohort,
    meta_states: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Choose the centre of every client of a cohort.

    Parameters
    ----------
    policy : FixedMu, RandomMu, HandRule or LearnedMu
        The rule.
    learners : PolicyState or None
        The learned policies, for ``LearnedMu``.
    cohort : Cohort
        Clients that take part; their ids key their draws.
    meta_states : ndarray of shape (n_cohort, 2 * bins), float64
        Histograms of the errors on training and validation rows.
    labels : ndarray of shape (n_cohort,), int64
        Cluster of each client.

    Returns
    -------
    ndarray of shape (n_cohort,), float64
        In [0, 1].
    """
    n = len(meta_states)
    match policy:
        case FixedMu(mu):
            return np.full(n, float(mu))
        case RandomMu():
            rng = generator(cohort.seed, "exploration", round=cohort.round)
            # One sequence, of which each client takes the place of its id, whoever else takes part.
            return np.take(rng.random(cohort.clients.max(initial=-1) + 1), cohort.clients)
        case HandRule():
            return _hand_rule(policy, meta_states)
        case LearnedMu():
            if learners is None:
                raise ValueError("learners must be given for a learned policy; start from initial_state")
            return _learned(policy, learners, cohort, meta_states, labels)


def observe(
    policy: LearnedMu,
    learners: PolicyState,
    cohort: Cohort,
    meta_states: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
) -> PolicyState:
    """Complete the transitions that the cohort's new meta-states end, and learn from them.

    A client's transition runs from the meta-state of one round in which it took part to that of the
    next, so a client sends 2 bins + 2 numbers a round and no transition is invented. Every transition
    goes to the shared replay and to the one of the client's cluster; of more than a replay holds, as many
    as it does are drawn at random.

    Parameters
    ----------
    policy : LearnedMu
        The settings.
    learners : PolicyState
        Before the round.
    cohort : Cohort
        Clients that take part.
    meta_states : ndarray of shape (n_cohort, 2 * bins), float64
        Their meta-states under the models just received.
    labels : ndarray of shape (n_cohort,), int64
        Cluster slot of each client.

    Returns
    -------
    PolicyState
    """
    agents, replays = list(learners.agents), list(learners.replays)
    config = policy.sac_for(meta_states.shape[1] // 2)
    acted = ~np.isnan(learners.last_mu[cohort.clients])
    for i in range(len(agents)):
        mine = acted if i == 0 else acted & (labels == i - 1)
        if not mine.any():
            continue
        at = _drawn(np.flatnonzero(mine), policy.capacity, cohort, len(agents) + i)
        clients = cohort.clients[at]
        replays[i] = replays[i].add(
            states=learners.last_states[clients].astype(np.float64),
            actions=learners.last_mu[clients].astype(np.float64),
            rewards=learners.last_rewards[clients].astype(np.float64),
            next_states=meta_states[at],
            done=np.zeros(len(clients), bool),
        )
        agents[i] = learn(
            agents[i],
            replays[i],
            config,
            n_updates=policy.n_updates,
            seed=cohort.seed,
            round=cohort.round,
            policy=i,
        )
    return replace(learners, agents=tuple(agents), replays=tuple(replays))


def remember(
    learners: PolicyState,
    clients: npt.NDArray[np.int64],
    meta_states: npt.NDArray[np.float64],
    mu: npt.NDArray[np.float64],
    rewards: npt.NDArray[np.float64],
) -> PolicyState:
    """Keep what the cohort saw, did and gained, until it is seen again.

    Parameters
    ----------
    learners : PolicyState
        Before.
    clients : ndarray of shape (n_cohort,), int64
        Clients that took part.
    meta_states : ndarray of shape (n_cohort, 2 * bins), float64
        What they saw.
    mu, rewards : ndarray of shape (n_cohort,), float64
        What they did, and how well that was; a reward of NaN, of a client that nobody could judge, becomes 0.

    Returns
    -------
    PolicyState
    """
    last_states, last_mu = learners.last_states.copy(), learners.last_mu.copy()
    last_rewards = learners.last_rewards.copy()
    last_states[clients], last_mu[clients] = meta_states, mu
    last_rewards[clients] = np.nan_to_num(rewards, nan=0.0)
    return replace(learners, last_states=last_states, last_mu=last_mu, last_rewards=last_rewards)


def _drawn(positions: npt.NDArray[np.int64], most: int, cohort: Cohort, item: int) -> npt.NDArray[np.int64]:
    """Draw ``most`` of more positions than that without replacement, in rising order."""
    if len(positions) <= most:
        return positions
    rng = generator(cohort.seed, "policy-learning", round=cohort.round, item=item)
    return np.sort(rng.choice(positions, most, replace=False, shuffle=False))


def _hand_rule(rule: HandRule, meta_states: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    bins = meta_states.shape[1] // 2
    centres = (np.arange(bins) + 0.5) / bins
    training = (meta_states[:, :bins] * centres).sum(axis=1)
    validation = (meta_states[:, bins:] * centres).sum(axis=1)
    overfit = validation - training > rule.gap
    return np.select([overfit, training > rule.high_error], [rule.overfit, rule.underfit], rule.learning)


def _learned(
    policy: LearnedMu,
    learners: PolicyState,
    cohort: Cohort,
    meta_states: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    mu = np.empty(len(meta_states))
    ready = np.array([len(replay) >= policy.min_transitions for replay in learners.replays[1:]], bool)
    agent = np.zeros(len(labels), np.int64)
    if len(ready):
        agent = np.where(ready[labels], labels + 1, 0)
    for i in np.unique(agent):
        mine = agent == i
        mu[mine] = act(
            learners.agents[i],
            meta_states[mine],
            policy.sac_for(meta_states.shape[1] // 2),
            explore=True,
            seed=cohort.seed,
            round=cohort.round,
            clients=cohort.clients[mine],
        )
    return mu
