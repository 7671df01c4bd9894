"""Replay of the meta-sampler's policy: real transitions of clients, oldest first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Replay"]


@dataclass(frozen=True)
class Replay:
    """Transitions, at most ``capacity`` of them: adding to a full replay drops the oldest.

    Parameters
    ----------
    capacity : int
        Most transitions to keep.
    states : ndarray of shape (n, n_state), float64
        Meta-state before the action.
    actions : ndarray of shape (n,), float64
        Action in [0, 1].
    rewards : ndarray of shape (n,), float64
        Reward of the action.
    next_states : ndarray of shape (n, n_state), float64
        Meta-state after it.
    done : ndarray of shape (n,), bool
        Whether the episode ended there, so that the next state has no value.

    Examples
    --------
    >>> from cfmt.policies import Replay
    >>> replay = Replay.empty(capacity=3, n_state=2)
    >>> states, done = np.zeros((2, 2)), np.zeros(2, bool)
    >>> for action in (0.1, 0.2):
    ...     replay = replay.add(states, np.full(2, action), np.zeros(2), states, done)
    >>> replay.actions
    array([0.1, 0.2, 0.2])
    """

    capacity: int
    states: npt.NDArray[np.float64]
    actions: npt.NDArray[np.float64]
    rewards: npt.NDArray[np.float64]
    next_states: npt.NDArray[np.float64]
    done: npt.NDArray[np.bool_]

    @classmethod
    def empty(cls, capacity: int, n_state: int) -> Replay:
        """Return a replay without transitions.

        Parameters
        ----------
        capacity : int
            Most transitions to keep.
        n_state : int
            Length of a meta-state.

        Returns
        -------
        Replay

        Raises
        ------
        ValueError
            If the capacity is below 1.
        """
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, got {capacity}")
        states = np.zeros((0, n_state))
        return cls(capacity, states, np.zeros(0), np.zeros(0), states, np.zeros(0, np.bool_))

    def __len__(self) -> int:
        return len(self.actions)

    def add(
        self,
        states: npt.NDArray[np.float64],
        actions: npt.NDArray[np.float64],
        rewards: npt.NDArray[np.float64],
        next_states: npt.NDArray[np.float64],
        done: npt.NDArray[np.bool_],
    ) -> Replay:
        """Return a replay with more transitions; this one stays as it is.

        Parameters
        ----------
        states, next_states : ndarray of shape (n_new, n_state), float64
            Meta-states before and after.
        actions, rewards : ndarray of shape (n_new,), float64
            Actions in [0, 1], and their rewards.
        done : ndarray of shape (n_new,), bool
            Whether the episode ended there.

        Returns
        -------
        Replay

        Raises
        ------
        ValueError
            If shapes do not fit, a number is not finite, or an action lies outside [0, 1].
        """
        new = {
            "states": states,
            "actions": actions,
            "rewards": rewards,
            "next_states": next_states,
            "done": done,
        }
        for name, array in new.items():
            wanted = (len(actions), *getattr(self, name).shape[1:])
            if array.shape != wanted:
                raise ValueError(f"{name} must have shape {wanted}, got {array.shape}")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} must be finite; leave out transitions that are not")
        if len(actions) and not (actions.min() >= 0 and actions.max() <= 1):
            raise ValueError(f"actions must lie in [0, 1], got {actions.min()}..{actions.max()}")
        # Cut before they are joined: views of a longer array would keep all of it in memory.
        n_old = min(len(self), max(0, self.capacity - len(actions)))
        kept = [
            np.concatenate([getattr(self, name)[len(self) - n_old :], array[-self.capacity :]])
            for name, array in new.items()
        ]
        return Replay(self.capacity, *kept)

    def draw(self, n: int, generator: np.random.Generator) -> Replay:
        """Draw transitions uniformly with replacement.

        Parameters
        ----------
        n : int
            How many.
        generator : numpy.random.Generator
            Source of the draws.

        Returns
        -------
        Replay
            The ``n`` drawn transitions.

        Raises
        ------
        ValueError
            If the replay is empty.
        """
        if len(self) == 0:
            raise ValueError("cannot draw from an empty replay; add transitions first")
        rows = generator.integers(len(self), size=n)
        return Replay(
            max(n, 1),
            self.states[rows],
            self.actions[rows],
            self.rewards[rows],
            self.next_states[rows],
            self.done[rows],
        )
