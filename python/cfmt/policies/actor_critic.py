"""The learned policy: a soft actor-critic for each cluster that has seen enough, else a shared one.

Its settings and state are plain values. Only what it computes with, in ``sac_policy`` and ``sac_learning``,
imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Literal

import numpy as np
import numpy.typing as npt

from cfmt.errors import MissingExtraError
from cfmt.policies.policy import Observation
from cfmt.policies.replay import Replay
from cfmt.policies.sac_values import SacConfig, SacState
from cfmt.streams import generator

__all__ = ["LearnedMu", "PolicyState", "mid_ranks"]


@dataclass(frozen=True, eq=False)
class PolicyState:
    """What the learned policy knows: the shared learner first, then one for each cluster slot.

    Parameters
    ----------
    agents : tuple of SacState
        The learners.
    replays : tuple of Replay
        Their transitions; the shared one has all.
    last_states : ndarray of shape (n_clients, 2 * bins), float32
        Meta-state of each client when it last took part.
    last_mu, last_rewards : ndarray of shape (n_clients,), float32
        What was then chosen for it, and its reward; mu is NaN for a client that has not taken part yet.

    Examples
    --------
    >>> from cfmt.policies import PolicyState
    >>> no, zeros = np.full(3, np.nan, np.float32), np.zeros(3, np.float32)
    >>> known = PolicyState((), (), last_states=np.zeros((3, 10), np.float32), last_mu=no, last_rewards=zeros)
    >>> np.isnan(known.last_mu).sum().item()  # clients that have not taken part yet
    3
    """

    agents: tuple[SacState, ...]
    replays: tuple[Replay, ...]
    last_states: npt.NDArray[np.float32]
    last_mu: npt.NDArray[np.float32]
    last_rewards: npt.NDArray[np.float32]


@dataclass(frozen=True)
class LearnedMu:
    """A soft actor-critic, one for each cluster that has seen enough, else the shared one.

    Its reward is the gain in average precision from a client's model as received to its model as trained.
    On a client's own validation rows that gain says little: its few attacks are of types that it trains on.
    So other clients of the cohort review the trained model on theirs; that, and the rank, is our choice.

    A client's transition runs from the meta-state of one round in which it took part to that of the next,
    and no transition is invented. Every transition goes to the shared replay and to the one of the client's
    cluster; of more than a replay holds, as many as it does are drawn at random.

    Parameters
    ----------
    sac : SacConfig
        The learner's settings; by default it looks no further than the round, whose reward is all that a mu
        changes in what the learner sees.
    reviewers : int, default=3
        Clients of the cohort that review each trained model, each model's update being sent to them; 0 lets
        every client review its own.
    reward : {"rank", "gain"}, default="rank"
        ``rank`` is the gain's mid-rank in the cohort, from -1 to 1; gains themselves are small beside the
        entropy that the learner also seeks, and shrink as training continues.
    min_transitions : int, default=200
        Transitions that a cluster must have seen before its own policy takes over.
    n_updates : int, default=20
        Gradient steps of each policy after each round.
    capacity : int, default=100000
        Transitions that a replay keeps.

    Raises
    ------
    ValueError
        If a number is out of its range.

    References
    ----------
    Haarnoja et al., "Soft Actor-Critic", 2018, arXiv 1801.01290; arXiv 1812.05905.

    Examples
    --------
    >>> from cfmt.policies import LearnedMu, Observation, PolicyState
    >>> zeros = np.zeros(3, np.float32)
    >>> known = PolicyState((), (), np.zeros((3, 2), np.float32), last_mu=zeros, last_rewards=zeros)
    >>> seen = Observation(np.zeros((2, 2)), np.zeros(2, np.int64), np.array([0, 2]), seed=0, round=1)
    >>> LearnedMu().observe(known, seen, mu=np.array([0.2, 0.8]), gains=np.array([0.01, 0.3])).last_rewards
    array([-0.5,  0. ,  0.5], dtype=float32)
    """

    sac: SacConfig = field(default_factory=lambda: SacConfig(discount=0.0, warmup=200))
    reviewers: int = 3
    reward: Literal["rank", "gain"] = "rank"
    min_transitions: int = 200
    n_updates: int = 20
    capacity: int = 100_000

    def __post_init__(self) -> None:
        for name in ("min_transitions", "n_updates", "capacity"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be a finite number > 0, got {getattr(self, name)}")
        if self.reviewers < 0:
            raise ValueError(
                f"reviewers must be at least 0, got {self.reviewers}; 0 lets each client review its own model"
            )

    @property
    def learns(self) -> bool:
        """Whether it needs the gains of trained models: yes."""
        return True

    def n_reviewers(self, n_clients: int) -> int:
        """Return how many other clients of a cohort review each trained model."""
        return min(self.reviewers, n_clients - 1)

    def sac_for(self, n_state: int) -> SacConfig:
        """Return the learner's settings for meta-states of a length."""
        return replace(self.sac, n_state=n_state)

    def initial(self, n_clients: int, n_clusters: int, n_state: int, *, seed: int) -> PolicyState:
        """Return untrained learners, and nothing remembered of any client."""
        config = self.sac_for(n_state)
        n_agents = 1 + (n_clusters if n_clusters > 1 else 0)
        sac = _networks()
        return PolicyState(
            agents=tuple(sac.initial_policy(config, seed=seed, policy=i) for i in range(n_agents)),
            replays=tuple(Replay.empty(self.capacity, n_state) for _ in range(n_agents)),
            last_states=np.zeros((n_clients, n_state), np.float32),
            last_mu=np.full(n_clients, np.nan, np.float32),
            last_rewards=np.zeros(n_clients, np.float32),
        )

    def choose(
        self, known: PolicyState | None, seen: Observation
    ) -> tuple[npt.NDArray[np.float64], PolicyState]:
        """Complete the transitions that the new meta-states end, learn from them, and act."""
        if known is None:
            raise ValueError("known must be given for a learned policy, got None; start from initial_state")
        known = self._learned(known, seen)
        return self._act(known, seen), known

    def observe(
        self,
        known: PolicyState,
        seen: Observation,
        mu: npt.NDArray[np.float64],
        gains: npt.NDArray[np.float64],
    ) -> PolicyState:
        """Keep what the cohort saw, what was chosen and its reward, until a client is seen again."""
        rewards = gains if self.reward == "gain" else mid_ranks(gains)
        states, last_mu, kept = known.last_states.copy(), known.last_mu.copy(), known.last_rewards.copy()
        states[seen.clients], last_mu[seen.clients] = seen.meta_states, mu
        kept[seen.clients] = np.nan_to_num(rewards, nan=0.0)
        return replace(known, last_states=states, last_mu=last_mu, last_rewards=kept)

    def _learned(self, known: PolicyState, seen: Observation) -> PolicyState:
        """Add the completed transitions to the replays, and update the learners that got some."""
        agents, replays = list(known.agents), list(known.replays)
        acted = ~np.isnan(known.last_mu[seen.clients])
        for i in range(len(agents)):
            mine = acted if i == 0 else acted & (seen.clusters == i - 1)
            if not mine.any():
                continue
            at = self._drawn(np.flatnonzero(mine), seen, len(agents) + i)
            replays[i] = _extended(replays[i], known, seen, at)
            agents[i] = _learning().learn(
                agents[i],
                replays[i],
                self.sac_for(seen.meta_states.shape[1]),
                n_updates=self.n_updates,
                seed=seen.seed,
                round=seen.round,
                policy=i,
            )
        return replace(known, agents=tuple(agents), replays=tuple(replays))

    def _drawn(self, positions: npt.NDArray[np.int64], seen: Observation, item: int) -> npt.NDArray[np.int64]:
        """Draw as many positions as a replay holds, without replacement, in rising order."""
        if len(positions) <= self.capacity:
            return positions
        rng = generator(seen.seed, "policy-learning", round=seen.round, item=item)
        return np.sort(rng.choice(positions, self.capacity, replace=False, shuffle=False))

    def _act(self, known: PolicyState, seen: Observation) -> npt.NDArray[np.float64]:
        """Choose by the learner of a client's cluster, or by the shared one until that has seen enough."""
        mu = np.empty(len(seen.meta_states))
        ready = np.array([len(replay) >= self.min_transitions for replay in known.replays[1:]], bool)
        agent = np.zeros(len(seen.clusters), np.int64)
        if len(ready):
            agent = np.where(ready[seen.clusters], seen.clusters + 1, 0)
        for i in np.unique(agent):
            mine = agent == i
            mu[mine] = _networks().act(
                known.agents[i],
                seen.meta_states[mine],
                self.sac_for(seen.meta_states.shape[1]),
                explore=True,
                seed=seen.seed,
                round=seen.round,
                clients=seen.clients[mine],
            )
        return mu


def _extended(replay: Replay, known: PolicyState, seen: Observation, at: npt.NDArray[np.int64]) -> Replay:
    """Add the transitions that the clients at some positions of the cohort have completed."""
    clients = seen.clients[at]
    return replay.add(
        states=known.last_states[clients].astype(np.float64),
        actions=known.last_mu[clients].astype(np.float64),
        rewards=known.last_rewards[clients].astype(np.float64),
        next_states=seen.meta_states[at],
        done=np.zeros(len(clients), bool),
    )


def mid_ranks(gains: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Turn gains into their mid-ranks in the cohort.

    Parameters
    ----------
    gains : ndarray of shape (n,), float64
        NaN where there is none.

    Returns
    -------
    ndarray of shape (n,), float64
        From -1 to 1 with mean 0, where a single gain becomes 0; NaN stays.

    Examples
    --------
    >>> from cfmt.policies.actor_critic import mid_ranks
    >>> mid_ranks(np.array([0.3, 0.1, np.nan, 0.1]))
    array([ 0.66666667, -0.33333333,         nan, -0.33333333])
    """
    known = ~np.isnan(gains)
    _, place, counts = np.unique(gains[known], return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2
    ranks = np.full(len(gains), np.nan)
    ranks[known] = 2 * (middle[place] - 0.5) / max(len(place), 1) - 1
    return ranks


def _networks() -> ModuleType:
    """Import what acts, which needs torch."""
    try:
        from cfmt.policies import sac_policy
    except ModuleNotFoundError as error:
        raise MissingExtraError("policy learned needs torch: pip install 'cfmt[torch]'") from error
    return sac_policy


def _learning() -> ModuleType:
    """Import what learns, which needs torch."""
    from cfmt.policies import sac_learning

    return sac_learning
