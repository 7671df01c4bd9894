"""How far files were read, to go on there later."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

__all__ = ["HEAD", "Place", "head_of"]

HEAD = 1024
"""Bytes at the beginning that tell a file from another."""


@dataclass(frozen=True)
class Place:
    """A line of a file.

    Parameters
    ----------
    path : str
        The file when it was read.
    inode : int
        Its number; it stays when the file is renamed.
    head : str
        SHA-256 of its first bytes.
    n_head : int
        How many bytes those are.
    line : int
        Number of the last line that was read, from 1.
    done : tuple of int, default=()
        Of a folder: the inodes of the files that were read to their end.

    Examples
    --------
    >>> from cfmt.data.following import Place
    >>> Place.from_dict(Place("conn.log", 7, "", 0, 12).to_dict()).line
    12
    """

    path: str
    inode: int
    head: str
    n_head: int
    line: int
    done: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Place:
        """Take back what :meth:`to_dict` gave.

        Parameters
        ----------
        values : mapping of str to object

        Returns
        -------
        Place

        Raises
        ------
        TypeError, KeyError, ValueError
            If they are no place.
        """
        return cls(
            path=str(values["path"]),
            inode=int(values["inode"]),
            head=str(values["head"]),
            n_head=int(values["n_head"]),
            line=int(values["line"]),
            done=tuple(int(inode) for inode in values["done"]),
        )

    def is_in(self, path: Path) -> bool:
        """Tell whether a file is the one that was read, whatever it is called now.

        Parameters
        ----------
        path : Path
            It may be missing.
        """
        try:
            with path.open("rb") as file:
                descriptor = file.fileno()
                is_same = os.fstat(descriptor).st_ino == self.inode
                return is_same and head_of(descriptor, self.n_head)[0] == self.head
        except OSError:
            return False


def head_of(descriptor: int, n: int = HEAD) -> tuple[str, int]:
    """Return the SHA-256 of a file's first bytes, and how many there are.

    Parameters
    ----------
    descriptor : int
        Of an open file.
    n : int, default=1024
        Bytes at most.
    """
    head = os.pread(descriptor, n, 0)
    return sha256(head).hexdigest(), len(head)
