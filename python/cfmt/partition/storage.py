"""Partitions on disk: two arrays that are mapped into memory, and a page on what they are of.

A partition is a folder of ``rows.npy`` and ``offsets.npy``, as numpy writes them, and ``partition.json``,
which is written last: a folder without it was not finished.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cfmt.errors import DataError, shown
from cfmt.files import atomic_file, write_atomic
from cfmt.partition.spec import PartitionSpec
from cfmt.partition.validation import check_parts
from cfmt.ragged import Ragged
from cfmt.strict_json import loads

__all__ = ["SavedPartition", "load_partition", "save_partition"]

_FORMAT = 1
_PAGE = "partition.json"


@dataclass(frozen=True, eq=False)
class SavedPartition:
    """A partition in a folder, of which nothing but the page is read until :meth:`parts`.

    Parameters
    ----------
    folder : Path
        Where it is kept.
    spec : PartitionSpec
        How rows were given to clients.
    seed : int
        Seed of the partition.
    table : str
        Digest of the table's labels.
    names : tuple of str, default=()
        Names of the clients, in their order; empty where they are drawn.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.partition import PartitionSpec, partition_iid, save_partition
    >>> family, is_attack = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1], np.uint8)
    >>> spec = PartitionSpec(n_clients=2, scheme="iid")
    >>> with TemporaryDirectory() as folder:
    ...     parts = partition_iid(4, 2, seed=0)
    ...     saved = save_partition(folder, parts, spec=spec, seed=0, family=family, is_attack=is_attack)
    ...     saved.parts(family, is_attack).sizes
    array([2, 2])
    """

    folder: Path
    spec: PartitionSpec
    seed: int
    table: str
    names: tuple[str, ...] = ()

    def parts(self, family: npt.NDArray[np.int64], is_attack: npt.NDArray[np.uint8]) -> Ragged[np.int64]:
        """Map the rows of each client into memory, read-only, and check them.

        Parameters
        ----------
        family : ndarray of shape (n_rows,), int64
            Attack family of each row of the table that was partitioned.
        is_attack : ndarray of shape (n_rows,), uint8
            1 for an attack, 0 for normal traffic.

        Returns
        -------
        Ragged of int64
            Row indices of each client.

        Raises
        ------
        DataError
            If it is a partition of another table, or an array is missing, damaged or cannot be.
        """
        if _digest(family, is_attack) != self.table:
            raise DataError(
                f"{self.folder}: is a partition of another table than the {len(family):,} rows given; "
                "load the data that it was made of, or make a new partition"
            )
        values, offsets = (_map(self.folder / f"{name}.npy") for name in ("rows", "offsets"))
        parts = Ragged(values, offsets)
        try:
            check_parts(parts, len(family))
        except (TypeError, ValueError) as error:
            raise DataError(f"{self.folder}: is damaged: {error}; make the partition anew") from error
        if parts.n_clients != self.spec.n_clients:
            raise DataError(
                f"{self.folder}: offsets.npy has {parts.n_clients} clients, {_PAGE} says "
                f"{self.spec.n_clients}; the files do not belong together: make the partition anew"
            )
        return parts


def save_partition(
    folder: Path | str,
    parts: Ragged[np.int64],
    *,
    spec: PartitionSpec,
    seed: int,
    family: npt.NDArray[np.int64],
    is_attack: npt.NDArray[np.uint8],
    names: tuple[str, ...] = (),
) -> SavedPartition:
    """Keep a partition in a new folder.

    Parameters
    ----------
    folder : Path or str
        Folder to make; it may be there if it is empty.
    parts : Ragged of int64
        Row indices of each client.
    spec : PartitionSpec
        How rows were given to clients.
    seed : int
        Seed of the partition.
    family : ndarray of shape (n_rows,), int64
        Attack family of each row of the table.
    is_attack : ndarray of shape (n_rows,), uint8
        1 for an attack, 0 for normal traffic.
    names : tuple of str, default=()
        Names of the clients, in their order, where they have some.

    Returns
    -------
    SavedPartition

    Raises
    ------
    DataError
        If the folder cannot be made, or holds something.
    TypeError, ValueError
        If ``parts`` are not parts of such a table, or not of as many clients as ``spec`` says.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.partition import PartitionSpec, partition_iid, save_partition
    >>> parts, spec = partition_iid(4, 2, seed=3), PartitionSpec(n_clients=2, scheme="iid")
    >>> labels = {"family": np.array([0, 0, 1, 1]), "is_attack": np.array([0, 0, 1, 1], np.uint8)}
    >>> with TemporaryDirectory() as folder:
    ...     _ = save_partition(folder, parts, spec=spec, seed=3, **labels)
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['offsets.npy', 'partition.json', 'rows.npy']
    """
    folder = Path(folder)
    check_parts(parts, len(family))
    if len(is_attack) != len(family):
        raise ValueError(f"is_attack must have {len(family)} elements, as family has, got {len(is_attack)}")
    if parts.n_clients != spec.n_clients:
        raise ValueError(
            f"parts must be of the spec's {spec.n_clients} clients, got {parts.n_clients}; "
            "give the spec that they were made with"
        )
    if names and len(names) != spec.n_clients:
        raise ValueError(f"names must have one entry for each of {spec.n_clients} clients, got {len(names)}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise DataError(f"{folder}: is not empty; name a new folder for the partition")
        for name, array in (("rows", parts.values), ("offsets", parts.offsets)):
            with atomic_file(folder / f"{name}.npy") as file:
                np.save(file, array, allow_pickle=False)
        page = {
            "format": _FORMAT,
            "seed": seed,
            "table": _digest(family, is_attack),
            "spec": _described(spec),
            "names": list(names),
        }
        write_atomic(folder / _PAGE, json.dumps(page, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise DataError(f"{folder}: cannot be written ({error.strerror}); name another folder") from error
    return load_partition(folder)


def load_partition(folder: Path | str) -> SavedPartition:
    """Read what a saved partition is; its rows are mapped by :meth:`SavedPartition.parts`.

    Parameters
    ----------
    folder : Path or str
        As given to :func:`save_partition`.

    Returns
    -------
    SavedPartition

    Raises
    ------
    DataError
        If the folder holds no finished partition of this format.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.partition import PartitionSpec, load_partition, partition_iid, save_partition
    >>> parts, spec = partition_iid(4, 2, seed=3), PartitionSpec(n_clients=2, scheme="iid")
    >>> labels = {"family": np.array([0, 0, 1, 1]), "is_attack": np.array([0, 0, 1, 1], np.uint8)}
    >>> with TemporaryDirectory() as folder:
    ...     _ = save_partition(folder, parts, spec=spec, seed=3, **labels)
    ...     load_partition(folder).seed
    3
    """
    folder = Path(folder)
    path = folder / _PAGE
    try:
        page = loads(path.read_bytes())
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}); name a folder that cfmt partition --out has written"
        ) from error
    except ValueError as error:
        raise DataError(f"{path}: is damaged ({error}); make the partition anew") from error
    found = page.get("format") if isinstance(page, dict) else None
    if found != _FORMAT:
        raise DataError(
            f"{path}: must have format {_FORMAT}, got {shown(found)}; make it anew with this cfmt"
        )
    try:
        names = tuple(map(str, page.get("names", ())))
        return SavedPartition(folder, _spec(page["spec"]), int(page["seed"]), str(page["table"]), names)
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise DataError(f"{path}: is damaged ({error!r}); make the partition anew") from error


def _described(spec: PartitionSpec) -> dict[str, Any]:
    """Return the fields of a spec that mean something."""
    fields = asdict(spec)
    if spec.scheme == "column":
        return {name: fields[name] for name in ("n_clients", "scheme", "column")}
    return fields


def _spec(values: Mapping[str, Any]) -> PartitionSpec:
    """Undo what JSON makes of ranges."""
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return PartitionSpec(**fields)


def _map(path: Path) -> npt.NDArray[np.int64]:
    """Map an array of a file into memory, read-only."""
    try:
        with warnings.catch_warnings(action="error"):
            array = np.lib.format.open_memmap(path, mode="r")
    except OSError as error:
        words = error.strerror or error
        raise DataError(f"{path}: cannot be read ({words}); make the partition anew") from error
    except Exception as error:  # a damaged header is parsed as Python, and fails in many ways
        raise DataError(f"{path}: is not whole ({error}); make the partition anew") from error
    mapped: npt.NDArray[np.int64] = array.view(np.ndarray)
    return mapped


def _digest(family: npt.NDArray[np.int64], is_attack: npt.NDArray[np.uint8]) -> str:
    """Tell tables apart by their labels, which stand in the order of their rows."""
    digest = hashlib.sha256(np.ascontiguousarray(family, "<i8").tobytes())
    digest.update(np.ascontiguousarray(is_attack).tobytes())
    return digest.hexdigest()
