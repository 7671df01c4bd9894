"""TOML text to a configuration and back, with errors that name the key, the value and the remedy."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from cfmt.config.experiment import ExperimentConfig, near_matches
from cfmt.config.keys import Allowed
from cfmt.config.scenarios import SCENARIOS, with_scenario
from cfmt.errors import ConfigError, listed, shown
from cfmt.files import read_text, read_toml_text

__all__ = [
    "Tree",
    "build_config",
    "departures",
    "differences",
    "merge",
    "read_toml",
    "section_fields",
    "to_toml",
]

Tree: TypeAlias = Mapping[str, Mapping[str, Any]]


def read_toml(path: Path) -> dict[str, dict[str, Any]]:
    """Read and check a TOML file of sections.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict of str to dict of str to object
        Keys by section, only those in the file.

    Raises
    ------
    ConfigError
        If the file cannot be read, is not TOML, or has a key or a value that cannot be.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.config import read_toml
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "my.toml")
    ...     _ = path.write_text("training = { rounds = 7 }")
    ...     read_toml(path)
    {'training': {'rounds': 7}}
    """
    try:
        tree = read_toml_text(read_text(path))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; name a TOML file") from error
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from error
    if "protocol" in tree:
        raise ConfigError(f'{path}: [protocol] is no more; write scenario = "NAME" above the sections')
    for key, value in tree.items():
        if not isinstance(value, dict) and key != "scenario":
            sections = [name for name in ExperimentConfig.model_fields if key in section_fields(name)]
            where = sections or list(ExperimentConfig.model_fields)
            raise ConfigError(
                f"{path}: {listed([key])} = {shown(value)} must stand in a section: [{'] or ['.join(where)}]"
            )
    try:
        build_config(tree)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    if "scenario" in tree:
        tree["scenario"] = {"name": tree["scenario"]}
    return tree


def merge(*trees: Tree) -> dict[str, dict[str, Any]]:
    """Lay trees of keys over each other; what a later one gives wins.

    The keys of a scenario stand just beneath those of the tree that names it.

    Parameters
    ----------
    *trees : mapping of str to mapping of str to object
        Keys by section.

    Returns
    -------
    dict of str to dict of str to object

    Examples
    --------
    >>> from cfmt.config import merge
    >>> merge({"training": {"steps": 20, "rounds": 7}}, {"training": {"epochs": 1}})
    {'training': {'rounds': 7, 'epochs': 1}}
    """
    merged: dict[str, dict[str, Any]] = {}
    for tree in trees:
        for section, keys in with_scenario(tree).items():
            found = merged.get(section, {})
            # steps and epochs measure the same thing: giving the one takes the other back
            for given, other in (("steps", "epochs"), ("epochs", "steps")):
                if section == "training" and given in keys and other not in keys:
                    found.pop(other, None)
            merged[section] = found | dict(keys)
    return merged


def build_config(tree: Tree) -> ExperimentConfig:
    """Check keys and complete them with those of their scenario and with the defaults.

    Parameters
    ----------
    tree : mapping of str to mapping of str to object
        Keys by section.

    Returns
    -------
    ExperimentConfig

    Raises
    ------
    ConfigError
        If a key is unknown, or a value has a wrong type or is out of range.

    Examples
    --------
    >>> from cfmt.config import build_config
    >>> from cfmt.errors import ConfigError
    >>> build_config({"training": {"rounds": 7}}).training.rounds
    7
    >>> try:
    ...     build_config({"training": {"rounds": 0}})
    ... except ConfigError as error:
    ...     print(error)
    training.rounds must be a whole number >= 1, got 0
    """
    try:
        return ExperimentConfig.model_validate(with_scenario(tree))
    except ValidationError as error:
        raise ConfigError(_message(error.errors(include_url=False)[0])) from error


def section_fields(section: str) -> dict[str, FieldInfo]:
    """Return the keys of a section.

    Parameters
    ----------
    section : str
        Its name.

    Returns
    -------
    dict of str to FieldInfo

    Examples
    --------
    >>> from cfmt.config import section_fields
    >>> fields = section_fields("seeds")
    >>> [(key, field.default) for key, field in fields.items()]
    [('first', 0), ('count', 5)]
    """
    model = ExperimentConfig.model_fields[section].annotation
    assert isinstance(model, type)
    assert issubclass(model, BaseModel)
    return model.model_fields


def _message(error: ErrorDetails) -> str:
    """Word pydantic's error: the key, what it must be, and what was given."""
    place = [str(part) for part in error["loc"]]
    if error["type"] == "extra_forbidden":
        return _unknown(place, error["input"])
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    key, value = ".".join(place[:2]).removesuffix(".name"), error["input"]
    if len(place) == 1:
        return f"{key} must be a section of keys, got {shown(value)}; write [{key}] and its keys under it"
    found = [m.text for m in section_fields(place[0])[place[1]].metadata if isinstance(m, Allowed)]
    allowed = found[0] if found else f"one of {error['ctx']['expected']}"
    return f"{key} must be {allowed}, got {shown(value)}"


def _unknown(place: list[str], value: object) -> str:
    """Word the error of an unknown section or key: near matches first, then all that are known."""
    known = list(ExperimentConfig.model_fields) if len(place) == 1 else list(section_fields(place[0]))
    what = "section" if len(place) == 1 else "key"
    given = f"[{place[0]}]" if len(place) == 1 else f"{'.'.join(place)} = {shown(value)}"
    return f"unknown {what} {given}{near_matches(place[-1], known)}; known are {', '.join(known)}"


def differences(one: ExperimentConfig, other: ExperimentConfig, *, but: Collection[str] = ()) -> list[str]:
    """List the keys in which two configurations differ, as ``key: value -> value``.

    Parameters
    ----------
    one, other : ExperimentConfig
        What to compare.
    but : collection of str, default=()
        Keys to leave out, with their sections.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from cfmt.config import build_config, differences
    >>> differences(build_config({}), build_config({"training": {"rounds": 7, "hidden": 64}}))
    ['training.rounds: 50 -> 7', 'training.hidden: 128 -> 64']
    """
    left, right = one.model_dump(), other.model_dump()
    return [
        f"{section}.{key}: {_toml(keys.get(key))} -> {_toml(right[section].get(key))}"
        for section, keys in left.items()
        for key in {**keys, **right[section]}
        if keys.get(key) != right[section].get(key) and f"{section}.{key}" not in but
    ]


def departures(config: ExperimentConfig) -> list[str]:
    """List the keys that a configuration sets otherwise than the scenario that it names.

    Parameters
    ----------
    config : ExperimentConfig
        What to look at.

    Returns
    -------
    list of str
        As ``key: value of the scenario -> value``; empty where no scenario is named.

    Examples
    --------
    >>> from cfmt.config import build_config, departures
    >>> departures(build_config({"scenario": {"name": "iid"}, "training": {"rounds": 7}}))
    ['training.rounds: 100 -> 7']
    """
    name = config.scenario.name
    if name not in SCENARIOS:
        return []
    set_by_it = {f"{section}.{key}" for section, keys in SCENARIOS[name].tree.items() for key in keys}
    every_key = {f"{section}.{key}" for section, keys in config.model_dump().items() for key in keys}
    return differences(build_config({"scenario": {"name": name}}), config, but=every_key - set_by_it)


def to_toml(config: ExperimentConfig) -> str:
    """Write a configuration as TOML with every key, defaults included.

    Parameters
    ----------
    config : ExperimentConfig
        What to write.

    Returns
    -------
    str
        Reading it gives the same configuration.

    Examples
    --------
    >>> import tomllib
    >>> from cfmt.config import build_config, to_toml
    >>> config = build_config({"training": {"rounds": 7}})
    >>> build_config(tomllib.loads(to_toml(config))) == config
    True
    """
    return sections_to_toml(config.model_dump())


def sections_to_toml(tree: Tree) -> str:
    """Write sections of keys as TOML.

    Parameters
    ----------
    tree : mapping of str to mapping of str to object
        Keys by section.

    Returns
    -------
    str
        Reading it gives the same keys, None as the word "none".

    Examples
    --------
    >>> from cfmt.config import sections_to_toml
    >>> print(sections_to_toml({"training": {"rounds": 7, "epochs": None}}))
    [training]
    rounds = 7
    epochs = "none"
    """
    sections: list[str] = []
    for section, keys in tree.items():
        if section == "scenario":  # a single key of the file, above its sections
            sections.insert(0, f"scenario = {_toml(keys['name'])}")
            continue
        lines = [f"{_toml_key(key)} = {_toml(value)}" for key, value in keys.items()]
        sections.append("\n".join([f"[{section}]", *lines]))
    return "\n\n".join(sections) + "\n"


def _toml(value: object) -> str:
    """Write a value: JSON's strings are TOML's, but for the delete character."""
    if value is None:
        return '"none"'
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, tuple | list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_toml_key(key)} = {_toml(item)}' for key, item in value.items())}}}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def _toml_key(key: str) -> str:
    """Write a key, quoted where it is not a bare key of TOML."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _toml(key)
