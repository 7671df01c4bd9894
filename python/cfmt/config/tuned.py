"""Settings of single methods: what a search found for one is laid over what all methods share."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from cfmt.config.experiment import ExperimentConfig
from cfmt.config.reading import Tree, build_config, merge, read_toml
from cfmt.errors import ConfigError

__all__ = ["for_method", "read_tuned", "refuse_twice", "tree_of", "tuned_name"]


def tree_of(keys: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Sort keys like ``training.learning_rate`` into sections.

    Parameters
    ----------
    keys : mapping of str to object
        Values by section and key, with a point between.

    Returns
    -------
    dict of str to dict of str to object

    Examples
    --------
    >>> from cfmt.config import tree_of
    >>> tree_of({"training.learning_rate": 0.1, "training.hidden": 64, "cfmt.k": 3})
    {'training': {'learning_rate': 0.1, 'hidden': 64}, 'cfmt': {'k': 3}}
    """
    tree: dict[str, dict[str, Any]] = {}
    for name, value in keys.items():
        section, _, key = name.partition(".")
        tree.setdefault(section, {})[key] = value
    return tree


def tuned_name(name: str, known: Collection[str]) -> str | None:
    """Say whose settings a method takes: its own, or for an ablation those of CFMT.

    Parameters
    ----------
    name : str
        Name of the method.
    known : collection of str
        Methods that have settings of their own.

    Returns
    -------
    str or None
        None where there are none for it.

    Examples
    --------
    >>> from cfmt.config import tuned_name
    >>> tuned_name("cfmt-no-prox", ["fedprox", "cfmt"]), tuned_name("fedavg", ["fedprox", "cfmt"])
    ('cfmt', None)
    """
    if name in known:
        return name
    return "cfmt" if name.startswith("cfmt-") and "cfmt" in known else None


def for_method(config: ExperimentConfig, name: str) -> ExperimentConfig:
    """Return the configuration under which one method of an experiment runs.

    Parameters
    ----------
    config : ExperimentConfig
        The experiment.
    name : str
        One of its methods.

    Returns
    -------
    ExperimentConfig
        With that method alone, and its tuned settings in the place of the shared ones.

    Raises
    ------
    ConfigError
        If a tuned setting is unknown or out of range; the message names the method.

    Examples
    --------
    >>> from cfmt.config import build_config, for_method
    >>> config = build_config({"tuned": {"fedprox": {"methods.prox_mu": 0.01}}})
    >>> for_method(config, "fedprox").methods.prox_mu, for_method(config, "cfmt").methods.prox_mu
    (0.01, 0.1)
    """
    known = config.tuned.settings
    source = tuned_name(name, known)
    own = {} if source is None else known[source]
    alone: Tree = {"methods": {"names": [name]}}
    shared = config.model_dump(exclude={"tuned"})
    try:
        return build_config(merge(shared, tree_of(own), alone))
    except ConfigError as error:
        raise ConfigError(f"tuned.{source}: {error}") from error


def read_tuned(folder: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Read what ``cfmt tune`` found: a TOML file for each method, called by its name.

    Parameters
    ----------
    folder : Path
        Where the files are.

    Returns
    -------
    dict of str to dict
        A tree with the section ``tuned``.

    Raises
    ------
    ConfigError
        If there is no such file, or one is not as it should be.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.config import read_tuned
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "fedprox.toml").write_text("methods = { prox_mu = 0.01 }")
    ...     read_tuned(Path(folder))
    {'tuned': {'fedprox': {'methods.prox_mu': 0.01}}}
    """
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise ConfigError(f"{folder}: holds no METHOD.toml; make some with: cfmt tune --out {folder}")
    found = {}
    for file in files:
        sections = read_toml(file).items()
        found[file.stem] = {f"{name}.{key}": value for name, keys in sections for key, value in keys.items()}
    return {"tuned": found}


def refuse_twice(given: Tree, tuned: Tree) -> None:
    """Refuse an option that would not count, because methods have a tuned value of their own.

    Parameters
    ----------
    given : mapping of str to mapping of str to object
        Keys that were given as options.
    tuned : mapping of str to mapping of str to object
        A tree with the section ``tuned``.

    Raises
    ------
    ConfigError
        If a key is given and tuned.

    Examples
    --------
    >>> from cfmt.config import refuse_twice
    >>> from cfmt.errors import ConfigError
    >>> try:
    ...     refuse_twice({"methods": {"prox_mu": 0.1}}, {"tuned": {"fedprox": {"methods.prox_mu": 0.01}}})
    ... except ConfigError as error:
    ...     print(error)
    methods.prox_mu is given as an option, and tuned for fedprox; leave one out
    """
    options = {f"{section}.{key}" for section, keys in given.items() for key in keys}
    for method, keys in tuned.get("tuned", {}).items():
        for key in keys:
            if key in options:
                raise ConfigError(f"{key} is given as an option, and tuned for {method}; leave one out")
