"""How one waits where nothing comes: a while at a time, and no longer than one is asked to."""

from __future__ import annotations

import select
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

__all__ = ["Waiting"]


@dataclass
class Waiting:
    """What is done while nothing comes.

    Parameters
    ----------
    poll : float, default=1.0
        Seconds between two looks.
    tick : callable, optional
        Called between them.
    note : callable, optional
        Is told what a person should know.
    stopped : Event
        Set where all shall end.

    Examples
    --------
    >>> from cfmt.data.following import Waiting
    >>> waiting = Waiting(poll=0.01)
    >>> waiting.sleep()
    True
    >>> waiting.stopped.set()
    >>> waiting.sleep()
    False
    """

    poll: float = 1.0
    tick: Callable[[], None] = lambda: None
    note: Callable[[str], None] = lambda text: None
    stopped: Event = field(default_factory=Event)

    def sleep(self) -> bool:
        """Let some time go by; False where all shall end."""
        self.tick()
        return not self.stopped.wait(self.poll)

    def until_readable(self, descriptor: int) -> bool:
        """Wait for bytes; False where all shall end."""
        while not self.stopped.is_set():
            if select.select([descriptor], [], [], self.poll)[0]:
                return True
            self.tick()
        return False
