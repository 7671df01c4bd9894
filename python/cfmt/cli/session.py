"""The folder of a run: made anew or taken up again, always with the configuration that it was begun with."""

from __future__ import annotations

from pathlib import Path

from cfmt.config import (
    ExperimentConfig,
    Tree,
    build_config,
    differences,
    merge,
    read_toml,
    read_tuned,
    refuse_twice,
    with_saved_partition,
)
from cfmt.errors import ConfigError

__all__ = ["read_config", "with_tuned"]

_MAY_CHANGE = (
    "training.threads",
    "evaluation.local_models",
)  # of a run that was begun: no model depends on them


def read_config(
    defaults: Tree, given: Tree, *, file: Path | None, out: Path | None, resume: Path | None
) -> ExperimentConfig:
    """Lay defaults, file or folder, and options over each other.

    Parameters
    ----------
    defaults, given : mapping of str to mapping of str to object
        The command's own defaults, and the keys given as options.
    file : Path or None
        A TOML file.
    out, resume : Path or None
        Folder to make, or folder to go on in; not both.

    Returns
    -------
    ExperimentConfig

    Raises
    ------
    ConfigError
        If a key or a value cannot be, or would change the models of a run that was begun.
    RunDirectoryError
        If no run was begun in the folder to go on in.
    DataError
        If a saved partition is named and is not there.
    """
    if resume is None:
        tree = merge(defaults, read_toml(file) if file else {}, given)
        return build_config(with_saved_partition(tree))
    if out is not None:
        raise ConfigError(
            f"--out {out} and --resume {resume} exclude each other; a resumed run stays in its folder"
        )
    from cfmt.experiment.run_directory import RunDirectory

    stored = read_toml(RunDirectory.open(resume).config_path)
    base = merge(defaults, read_toml(file)) if file else stored
    config = build_config(with_saved_partition(merge(base, given)))
    changed = differences(build_config(stored), config, but=_MAY_CHANGE)
    if changed:
        raise ConfigError(
            f"{resume}: was begun with another configuration ({'; '.join(changed)}); "
            "leave these options out, or start anew without --resume"
        )
    return config


def with_tuned(given: Tree, folder: Path | None) -> Tree:
    """Add the settings that a search found to the keys given as options.

    Parameters
    ----------
    given : mapping of str to mapping of str to object
        Keys given as options.
    folder : Path or None
        The search's folder, if any.

    Returns
    -------
    mapping of str to mapping of str to object

    Raises
    ------
    ConfigError
        If the folder holds no settings, or an option sets what it tunes.
    """
    if folder is None:
        return given
    tuned = read_tuned(folder)
    refuse_twice(given, tuned)
    return merge(given, tuned)
