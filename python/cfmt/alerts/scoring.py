"""From flows to what is written of them, chunk by chunk, with everything counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from cfmt.alerts.alert import without_allowed
from cfmt.alerts.allow import AllowList
from cfmt.alerts.writers import ScoreWriter
from cfmt.data.flow_stream import FlowChunk
from cfmt.detector import Detector, alert_reasons, moved_units, other_exporter

__all__ = ["ScoreCounts", "ScoreRun"]


@dataclass
class ScoreCounts:
    """How many rows there were, and what became of them.

    Parameters
    ----------
    rows : int
        Read.
    scored : int
    alerts : int
        After the allow list.
    unknown : int
        With a word that training did not have.
    dropped : int
        Rows that cannot be scored.
    allowed : int or None
        Alerts that the allow list took back; None without one.
    written : int or None
        Alerts that were written, where several may be one; None where they may not.

    Examples
    --------
    >>> from cfmt.alerts import ScoreCounts
    >>> print(ScoreCounts(rows=1200, scored=1199, alerts=3, dropped=1).line())
    1,200 rows, 1,199 rows scored, 3 alerts, 0 rows with unknown words, 1 rows dropped
    """

    rows: int = 0
    scored: int = 0
    alerts: int = 0
    unknown: int = 0
    dropped: int = 0
    allowed: int | None = None
    written: int | None = None

    def line(self) -> str:
        """Write them on one line."""
        told = {
            "rows": self.rows,
            "rows scored": self.scored,
            "alerts": self.alerts,
            "rows with unknown words": self.unknown,
            "rows dropped": self.dropped,
        }
        if self.allowed is not None:
            told["allowed"] = self.allowed
        if self.written is not None:
            told["alerts written"] = self.written
        return ", ".join(f"{count:,} {what}" for what, count in told.items())


@dataclass
class ScoreRun:
    """A detector at work on flows.

    Parameters
    ----------
    detector : Detector
    writer : ScoreWriter
        Writes what was scored.
    allow : AllowList, default=AllowList()
        Flows that never alert.
    top : int, default=0
        Reasons to tell of each alert, at most.
    note : callable, optional
        Is told what a person should know: the exporter, the first row that was dropped.

    Examples
    --------
    >>> from cfmt.alerts import CsvScores, ScoreRun
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.data.flow_stream import FlowChunk
    >>> from cfmt.detector import Detector
    >>> from cfmt.mlp import MLP
    >>> from cfmt.preprocessing import fit_preprocessor
    >>> import numpy as np
    >>> table, _ = load_synthetic(50, 0, seed=0)
    >>> preprocessor = fit_preprocessor(table)
    >>> mlp = MLP(preprocessor.n_features)
    >>> run = ScoreRun(Detector(mlp, mlp.initial(seed=0), preprocessor, 0.5), CsvScores())
    >>> texts = list(run.over([FlowChunk(table, np.arange(50), {})]))
    >>> texts[0].splitlines()[0], run.counts.scored
    ('row,score,alert', 50)
    """

    detector: Detector
    writer: ScoreWriter
    allow: AllowList = field(default_factory=AllowList)
    top: int = 0
    note: Callable[[str], None] = lambda text: None
    counts: ScoreCounts = field(default_factory=ScoreCounts)

    def __post_init__(self) -> None:
        """Count what is allowed where something is."""
        if self.allow.rules:
            self.counts.allowed = 0

    def over(self, chunks: Iterable[FlowChunk]) -> Iterator[str]:
        """Score chunks as they come, and last write what waits.

        Parameters
        ----------
        chunks : iterable of FlowChunk

        Yields
        ------
        str
            What to write.
        """
        for chunk in chunks:
            yield self.one(chunk)
        yield self.writer.close()

    def one(self, chunk: FlowChunk) -> str:
        """Score one chunk.

        Parameters
        ----------
        chunk : FlowChunk

        Returns
        -------
        str
            What to write.
        """
        counts, columns = self.counts, self.detector.columns
        if not counts.rows and columns is not None:
            self._note_what_is_other(chunk)
        if chunk.fault and not counts.dropped:
            self.note(f"warning: {chunk.fault}; such rows are dropped and counted")
        scored = self.detector.score(chunk.table)
        counts.rows += len(scored.scores) + chunk.n_dropped
        counts.scored += len(scored.scores)
        counts.dropped += chunk.n_dropped
        counts.unknown += scored.n_unknown
        if counts.allowed is not None:
            left = without_allowed(chunk, scored.alerts, self.allow)
            counts.allowed += int(scored.alerts.sum() - left.sum())
            scored = scored._replace(alerts=left)
        counts.alerts += int(scored.alerts.sum())
        reasons = alert_reasons(self.detector, chunk.table, scored.alerts, self.top) if self.top else None
        return self.writer.write(chunk, scored, reasons)

    def _note_what_is_other(self, chunk: FlowChunk) -> None:
        """Tell of another exporter, and of units that have moved, by the first flows."""
        columns = self.detector.columns
        if columns is not None and columns.view:
            self.note(f"note: flows of {chunk.exporter}, mapped to {columns.view}")
        trained = other_exporter(self.detector, chunk.exporter)
        if trained:
            self.note(
                f"warning: flows of {chunk.exporter}, but the detector was trained on those of {trained}: "
                "the same names may mean other things; train on flows like these, or with --schema basic-10"
            )
        moved = moved_units(self.detector, chunk.table)
        if moved:
            named = ", ".join(f"{one.column} ({one.factor:,.3g} times)" for one in moved[:5])
            more = f" and {len(moved) - 5} more" if len(moved) > 5 else ""
            self.note(
                f"warning: values are about a power of 1,000 times those of training in {named}{more}; "
                "are they in another unit? Scores are then wrong: write them in the units of training"
            )
