"""Alerts of the same flows within a while as one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime, timedelta

from cfmt.alerts.alert import Alert, Group
from cfmt.alerts.flow import Flow
from cfmt.errors import ConfigError

__all__ = ["MOST_GROUPS", "AlertGroups"]

MOST_GROUPS = 100_000
"""Groups that are open at once; beyond, the oldest is closed."""

_ROLES = tuple(name for name in Flow._fields if name != "time")


class AlertGroups:
    """Alerts with the same key, of which the first and the last are less than a window apart.

    A group stands for its flows by the alert with the highest score. It is given when an alert comes that is
    a window later than its first, when a window has gone by on the clock, or at the end.

    Parameters
    ----------
    by : tuple of str
        The key: ``src``, ``src_port``, ``dst``, ``dst_port``, ``proto``, ``service``, ``uid``, or columns
        that are no features.
    window : timedelta
        How long a group may last.
    most : int, default=MOST_GROUPS
        Groups that are open at once.

    Examples
    --------
    >>> from datetime import UTC, datetime, timedelta
    >>> from cfmt.alerts import Alert, AlertGroups, Flow
    >>> seen = datetime(2026, 1, 1, tzinfo=UTC)
    >>> alerts = [Alert(row, 0.5 + row / 10, 0.5, Flow(src="192.0.2.1"), {}, seen) for row in range(3)]
    >>> groups = AlertGroups(("src",), timedelta(minutes=5))
    >>> list(groups.add(alerts))
    []
    >>> [(alert.row, alert.group.n_flows) for alert in groups.close()]
    [(2, 3)]
    """

    def __init__(self, by: tuple[str, ...], window: timedelta, most: int = MOST_GROUPS) -> None:
        self.by = by
        self.window = window
        self.n_early = 0
        """Groups closed before their time because too many were open."""
        self._most = most
        self._open: OrderedDict[tuple[object, ...], Alert] = OrderedDict()
        self._latest: datetime | None = None

    @property
    def n_waiting(self) -> int:
        """Alerts in the groups that are open."""
        return sum(alert.group.n_flows for alert in self._open.values() if alert.group)

    def check(self, roles: Collection[str], passed: Collection[str]) -> None:
        """Refuse a key that no column tells.

        Parameters
        ----------
        roles : collection of str
            Roles that the table has columns for.
        passed : collection of str
            Its columns that are no features.

        Raises
        ------
        ConfigError
            It names the key, and those that there are.
        """
        there = [name for name in _ROLES if name in roles] + [name for name in passed if name not in _ROLES]
        lacking = next((name for name in self.by if name not in there), None)
        if lacking is not None:
            raise ConfigError(
                f"--aggregate {','.join(self.by)}: no column of these flows tells {lacking!r}; "
                f"there are: {', '.join(there) or 'none'}"
            )

    def add(self, alerts: Iterable[Alert]) -> Iterator[Alert]:
        """Take alerts, and give the groups that end with them.

        Parameters
        ----------
        alerts : iterable of Alert
            In the order of the file; their times may be a little out of order.

        Yields
        ------
        Alert
            With its group.
        """
        for alert in alerts:
            self._latest = max(alert.time, self._latest or alert.time)
            key = tuple(
                getattr(alert.flow, name) if name in _ROLES else alert.passed.get(name) for name in self.by
            )
            known = self._open.pop(key, None)
            if known is not None and not self._fits(known, alert):
                yield known
                known = None
            self._open[key] = self._joined(known, alert)
            if len(self._open) > self._most:
                self.n_early += 1
                yield self._open.popitem(last=False)[1]
        latest = self._latest
        if latest is not None:
            yield from self._take(
                lambda alert: alert.group is None or latest - alert.group.first >= self.window
            )

    def due(self, now: datetime) -> Iterator[Alert]:
        """Give the groups whose window has gone by on the clock, for times when nothing comes.

        Parameters
        ----------
        now : datetime
            With a time zone.

        Yields
        ------
        Alert
        """
        yield from self._take(lambda alert: now - alert.seen >= self.window)

    def close(self) -> Iterator[Alert]:
        """Give all groups that are open."""
        yield from self._take(lambda alert: True)

    def _fits(self, known: Alert, alert: Alert) -> bool:
        """Tell whether a group with one more alert is still within its window."""
        assert known.group is not None
        first, last = min(known.group.first, alert.time), max(known.group.last, alert.time)
        return last - first < self.window

    def _joined(self, known: Alert | None, alert: Alert) -> Alert:
        """Add an alert to a group, or begin one."""
        if known is None or known.group is None:
            return alert._replace(group=Group(self.by, 1, alert.time, alert.time))
        first, last = min(known.group.first, alert.time), max(known.group.last, alert.time)
        foremost = alert if alert.score > known.score else known
        return foremost._replace(seen=alert.seen, group=Group(self.by, known.group.n_flows + 1, first, last))

    def _take(self, is_over: Callable[[Alert], bool]) -> Iterator[Alert]:
        """Take the groups out that are over, the oldest first."""
        keys = [key for key, alert in self._open.items() if is_over(alert)]
        for key in keys:
            yield self._open.pop(key)
