"""What decides the result of a run, apart from where it runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from cfmt.config import ExperimentConfig

if TYPE_CHECKING:
    from cfmt.data import Table

__all__ = ["decisive", "fingerprint"]

_WHERE = {
    "data": {"source", "test", "columns"},
    "training": {"engine", "device", "group_size", "threads"},
    "evaluation": {"local_models"},
}
_LATER = {"data": {"label", "normal", "attack_type", "format"}, "partition": {"clients_by"}}
"""Keys that runs of older versions lack: left out while they say nothing, so that those runs still count."""


def decisive(config: ExperimentConfig, tables: Iterable[Table]) -> dict[str, Any]:
    """Collect what decides results, as what JSON can hold.

    Parameters
    ----------
    config : ExperimentConfig
        The experiment.
    tables : iterable of Table
        Tables that were loaded; their files stand for the folder, which is no one else's.

    Returns
    -------
    dict of str to object
        ``config``: the configuration's keys but for where it runs; ``files``: the SHA-256 by name.

    Examples
    --------
    >>> from cfmt.config import build_config
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.experiment.fingerprint import decisive
    >>> found = decisive(build_config({}), load_synthetic(10, 0, seed=0))
    >>> sorted(found["files"]), "threads" in found["config"]["training"]
    (['synthetic'], False)
    """
    dump = config.model_dump(mode="json", exclude=_WHERE)
    plain = ExperimentConfig().model_dump(mode="json")
    for section, keys in _LATER.items():
        dump[section] = {
            key: value
            for key, value in dump[section].items()
            if key not in keys or value != plain[section][key]
        }
    return {"config": dump, "files": {file.name: file.sha256 for table in tables for file in table.sources}}


def fingerprint(content: Any) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of a value's JSON.

    Examples
    --------
    >>> from cfmt.experiment.fingerprint import fingerprint
    >>> fingerprint({"rounds": 7, "seed": 0}) == fingerprint({"seed": 0, "rounds": 7})
    True
    >>> len(fingerprint({}))
    16
    """
    text = json.dumps(content, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
