"""The folder of a run: made anew or taken up again, always with the configuration that it was begun with."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cfmt.config import (
    ExperimentConfig,
    Tree,
    build_config,
    differences,
    merge,
    read_toml,
    read_tuned,
    refuse_twice,
    to_toml,
    with_saved_partition,
)
from cfmt.errors import ConfigError

if TYPE_CHECKING:
    from cfmt.data import Table
    from cfmt.experiment.run_directory import RunDirectory

__all__ = ["begin", "read_config", "with_tuned"]


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
        If a key or a value cannot be, or would change a run that was begun; the number of threads may.
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
    changed = differences(build_config(stored), config, but=("training.threads",))
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


def begin(
    config: ExperimentConfig,
    train: Table,
    tests: tuple[Table, ...],
    *,
    command: str,
    out: Path | None,
    resume: Path | None,
) -> RunDirectory:
    """Make the folder of a run and write down what it is, or open the one to go on in.

    Parameters
    ----------
    config : ExperimentConfig
        The effective configuration.
    train : Table
        Training rows.
    tests : tuple of Table
        Test tables.
    command : str
        Part of the folder's name, if none is given.
    out, resume : Path or None
        Folder to make, or folder to go on in.

    Returns
    -------
    RunDirectory

    Raises
    ------
    RunDirectoryError
        If the folder cannot be made, or is not empty; or if the run to go on with was begun on other
        data, or its configuration was edited.
    """
    from cfmt.data.reading import sha256_of
    from cfmt.experiment.environment import describe_environment
    from cfmt.experiment.run_directory import RunDirectory

    sources = [source for table in (train, *tests) for source in table.sources]
    if resume is not None:
        directory = RunDirectory.open(resume)
        directory.check_unchanged(sources)
        return directory
    started = datetime.now(UTC)
    directory = RunDirectory.create(out or Path("runs") / f"{started:%Y%m%dT%H%M%SZ}-{command}")
    environment = describe_environment(
        sources, command=["cfmt", *sys.argv[1:]], started=started, threads=config.training.threads
    )
    text = to_toml(config)
    directory.write_environment(environment | {"config_sha256": sha256_of(text.encode())})
    directory.write_config(text)
    return directory
