"""What is written of scored flows: a line for each flow, or one for each alert."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from cfmt.alerts.alert import Alert, alerts_of
from cfmt.alerts.grouping import AlertGroups
from cfmt.data.flow_stream import FlowChunk
from cfmt.data.text_column import TextColumn

if TYPE_CHECKING:
    import polars as pl

    from cfmt.detector import Reason, Scored

__all__ = ["AlertLines", "CsvScores", "JsonLinesScores", "ScoreWriter"]


class ScoreWriter(Protocol):
    """What writes scored flows."""

    @property
    def n_waiting(self) -> int:
        """Flows that were scored and wait to be written."""
        ...

    def write(self, chunk: FlowChunk, scored: Scored, reasons: list[list[Reason]] | None) -> str:
        """Write a chunk of flows."""
        ...

    def due(self, now: datetime) -> str:
        """Write what waits no longer, where no flows come."""
        ...

    def close(self) -> str:
        """Write what waits."""
        ...


class CsvScores:
    """Row, score and alert of each flow, its reasons, and the columns that are no features, as CSV.

    Parameters
    ----------
    header : bool, default=True
        Whether the names of the columns come first.

    Examples
    --------
    >>> import numpy as np
    >>> from cfmt.alerts import CsvScores
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.data.flow_stream import FlowChunk
    >>> from cfmt.detector import Scored
    >>> chunk = FlowChunk(load_synthetic(2, 0, seed=0)[0], np.arange(2), {"uid": ["C1", "C2"]})
    >>> scored = Scored(np.array([0.25, 0.75], np.float32), np.array([False, True]), 0)
    >>> print(CsvScores().write(chunk, scored, None), end="")
    row,score,alert,uid
    0,0.25,0,C1
    1,0.75,1,C2
    """

    n_waiting = 0

    def __init__(self, *, header: bool = True) -> None:
        self._header = header

    def write(self, chunk: FlowChunk, scored: Scored, reasons: list[list[Reason]] | None) -> str:
        """Write a chunk, the first one under its header."""
        import polars as pl

        columns = [
            pl.Series(chunk.rows),
            pl.Series(scored.scores),
            pl.Series(scored.alerts).cast(pl.UInt8),
            *([pl.Series(_told(reasons))] if reasons is not None else []),
            *map(_series, chunk.passed.values()),
        ]
        names = ["row", "score", "alert", *(["reasons"] if reasons is not None else []), *chunk.passed]
        frame = pl.DataFrame([column.alias(str(place)) for place, column in enumerate(columns)])
        header = ",".join(map(_quoted, names)) + "\n" if self._header else ""
        self._header = False
        return header + frame.write_csv(include_header=False)

    def due(self, now: datetime) -> str:
        """Nothing waits."""
        return ""

    def close(self) -> str:
        """Nothing waits."""
        return ""


class JsonLinesScores:
    """The same as one JSON object a line.

    Examples
    --------
    >>> import numpy as np
    >>> from cfmt.alerts import JsonLinesScores
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.data.flow_stream import FlowChunk
    >>> from cfmt.detector import Scored
    >>> chunk = FlowChunk(load_synthetic(1, 0, seed=0)[0], np.arange(1), {"uid": ["C1"]})
    >>> scored = Scored(np.array([0.25], np.float32), np.array([False]), 0)
    >>> print(JsonLinesScores().write(chunk, scored, None), end="")
    {"row": 0, "score": 0.25, "alert": false, "uid": "C1"}
    """

    n_waiting = 0

    def write(self, chunk: FlowChunk, scored: Scored, reasons: list[list[Reason]] | None) -> str:
        """Write a chunk."""
        names = ("row", "score", "alert", *(["reasons"] if reasons is not None else []), *chunk.passed)
        told = [[[why._asdict() for why in row] for row in reasons]] if reasons is not None else []
        scores = (float(str(value)) for value in scored.scores)  # as short as single precision allows
        rows = zip(
            chunk.rows.tolist(), scores, scored.alerts.tolist(), *told, *chunk.passed.values(), strict=True
        )
        return _lines(dict(zip(names, row, strict=True)) for row in rows)

    def due(self, now: datetime) -> str:
        """Nothing waits."""
        return ""

    def close(self) -> str:
        """Nothing waits."""
        return ""


class AlertLines:
    """One JSON object a line for each alert, or for each group of them; nothing for other flows.

    Parameters
    ----------
    form : callable
        Makes an object of an alert: one of ``ALERT_FORMATS``.
    threshold : float
        The detector's.
    groups : AlertGroups, optional
        Which alerts count as one; each by itself if not given.
    clock : callable, optional
        Gives the time, in UTC.

    Examples
    --------
    >>> import json
    >>> import numpy as np
    >>> from cfmt.alerts import ALERT_FORMATS, AlertLines
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.data.flow_stream import FlowChunk
    >>> from cfmt.detector import Scored
    >>> chunk = FlowChunk(load_synthetic(2, 0, seed=0)[0], np.arange(2), {"uid": ["C1", "C2"]})
    >>> scored = Scored(np.array([0.25, 0.75], np.float32), np.array([False, True]), 0)
    >>> lines = AlertLines(ALERT_FORMATS["jsonl"], 0.5).write(chunk, scored, None).splitlines()
    >>> [json.loads(line)["columns"] for line in lines]
    [{'uid': 'C2'}]
    """

    def __init__(
        self,
        form: Callable[[Alert], dict[str, Any]],
        threshold: float,
        groups: AlertGroups | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.n_written = 0
        self._form, self._threshold, self._groups, self._clock = form, threshold, groups, clock

    @property
    def n_waiting(self) -> int:
        """Alerts that wait for others to be one with them."""
        return self._groups.n_waiting if self._groups else 0

    def write(self, chunk: FlowChunk, scored: Scored, reasons: list[list[Reason]] | None) -> str:
        """Write the alerts of a chunk, or the groups that end with them."""
        if self._groups is not None:
            self._groups.check({*chunk.roles}, chunk.passed)
        alerts = alerts_of(chunk, scored, self._threshold, self._clock(), reasons)
        return self._written(alerts if self._groups is None else self._groups.add(alerts))

    def due(self, now: datetime) -> str:
        """Write the groups whose window has gone by."""
        return "" if self._groups is None else self._written(self._groups.due(now))

    def close(self) -> str:
        """Write the groups that are open."""
        return "" if self._groups is None else self._written(self._groups.close())

    def _written(self, alerts: Iterable[Alert]) -> str:
        """Write alerts in the format, and count them."""
        objects = [self._form(alert) for alert in alerts]
        self.n_written += len(objects)
        return _lines(objects)


def _lines(objects: Iterable[dict[str, Any]]) -> str:
    """Write objects, one a line."""
    return "".join(json.dumps(one) + "\n" for one in objects)


def _series(cells: Any) -> pl.Series:
    """Return a column's cells as polars has them; an empty one is null, which CSV writes without quotes."""
    import polars as pl

    column = cells.series if isinstance(cells, TextColumn) else pl.Series(cells, dtype=pl.String)
    return column.replace("", None)


def _told(reasons: list[list[Reason]]) -> list[str]:
    """Write the reasons of each row."""
    return ["; ".join(f"{why.column}={why.value} {why.part:+.3g}" for why in row) for row in reasons]


def _quoted(name: str) -> str:
    """Write a name so that it is one cell."""
    return '"' + name.replace('"', '""') + '"' if any(mark in name for mark in ',"\n\r') else name
