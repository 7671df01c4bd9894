"""What a search tries and finds, and the line of its log."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from cfmt.experiment.fold_score import FoldScore

__all__ = ["Trial"]


@dataclass(frozen=True)
class Trial:
    """Settings that were tried.

    Parameters
    ----------
    trial : int
        Its number; 0 is the configuration as it is.
    keys : dict of str to object
        What was changed, by section and key.
    score : float or None
        Mean over the runs of (ROC-AUC + F1 at the threshold) / 2, every attack type counting the same; None
        where a run has no figure, or a training diverged.
    runs : tuple of FoldScore
        All folds and seeds; none where a training diverged.
    seconds : float
        Wall time.
    reason : str, default=""
        Why there is no score, where a training diverged.
    parent : int, optional
        Number of the trial some of whose values were changed; none where all were drawn at random.

    Examples
    --------
    >>> from cfmt.experiment.trial import Trial
    >>> trial = Trial(1, {"training.learning_rate": 0.1}, score=None, runs=(), seconds=2.5, reason="diverged")
    >>> Trial.from_entry(trial.to_entry()) == trial, "parent" in trial.to_entry()
    (True, False)
    """

    trial: int
    keys: dict[str, Any]
    score: float | None
    runs: tuple[FoldScore, ...]
    seconds: float
    reason: str = ""
    parent: int | None = None

    def to_entry(self) -> dict[str, Any]:
        """Return a line of the log, which has reason and parent only where there are any."""
        lacked = {
            name for name, value in (("reason", self.reason), ("parent", self.parent)) if value in ("", None)
        }
        return {name: value for name, value in asdict(self).items() if name not in lacked}

    @classmethod
    def from_entry(cls, entry: dict[str, Any]) -> Trial:
        """Read a line of the log."""
        return cls(**entry | {"runs": tuple(FoldScore(**run) for run in entry["runs"])})
