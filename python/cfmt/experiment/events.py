"""What an experiment tells while it runs, and telling nothing."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from cfmt.federated.evaluation import CurvePoint
    from cfmt.federated.methods import Method
    from cfmt.federated.state import RoundReport

__all__ = ["Events", "Silence"]


class Events(AbstractContextManager["Events"], Protocol):
    """What an experiment tells while it runs.

    Examples
    --------
    >>> from cfmt.experiment.events import Events, Silence
    >>> class Printed(Silence):
    ...     def note(self, text: str) -> None:
    ...         print(text)
    >>> events: Events = Printed()
    >>> events.note("two of five clients are empty")
    two of five clients are empty
    """

    def note(self, text: str) -> None:
        """Tell something once."""
        ...

    def skip(self, n_runs: int) -> None:
        """Tell that some runs are finished already."""
        ...

    def on_clients(self, method: Method, seed: int, done: int, total: int) -> None:
        """Tell how many of a round's clients are done."""
        ...

    def on_round(self, method: Method, seed: int, report: RoundReport, point: CurvePoint) -> None:
        """Tell that a round is over."""
        ...

    def on_run(self, method: Method, seed: int) -> None:
        """Tell that a run is over."""
        ...


class Silence:
    """Tells nothing.

    Examples
    --------
    >>> from cfmt.experiment.events import Silence
    >>> with Silence() as told:
    ...     print(told.note("nobody reads this"))
    None
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def note(self, text: str) -> None:
        """Tell nothing."""

    def skip(self, n_runs: int) -> None:
        """Tell nothing."""

    def on_clients(self, method: Method, seed: int, done: int, total: int) -> None:
        """Tell nothing."""

    def on_round(self, method: Method, seed: int, report: RoundReport, point: CurvePoint) -> None:
        """Tell nothing."""

    def on_run(self, method: Method, seed: int) -> None:
        """Tell nothing."""
