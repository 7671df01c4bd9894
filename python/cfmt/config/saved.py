"""A saved partition in a configuration: the keys that it was made with take the place of the defaults."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from cfmt.config.reading import Tree, build_config, merge
from cfmt.errors import ConfigError
from cfmt.partition import PartitionSpec, load_partition

__all__ = ["with_saved_partition"]


def with_saved_partition(tree: Tree) -> dict[str, dict[str, Any]]:
    """Complete the keys of a tree by those of the saved partition that it names, if any.

    Parameters
    ----------
    tree : mapping of str to mapping of str to object
        Keys by section.

    Returns
    -------
    dict of str to dict of str to object

    Raises
    ------
    ConfigError
        If a key cannot be, or is another than that of the partition.
    DataError
        If there is no such partition.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.config import with_saved_partition
    >>> from cfmt.partition import PartitionSpec, partition_iid, save_partition
    >>> parts, spec = partition_iid(4, 2, seed=0), PartitionSpec(n_clients=2, scheme="iid")
    >>> labels = {"family": np.array([0, 0, 1, 1]), "is_attack": np.array([0, 0, 1, 1], np.uint8)}
    >>> with TemporaryDirectory() as folder:
    ...     saved = save_partition(f"{folder}/parts", parts, spec=spec, seed=0, **labels)
    ...     tree = with_saved_partition({"partition": {"source": str(saved.folder)}})
    >>> tree["partition"]["clients"], tree["partition"]["scheme"]
    (2, 'iid')
    """
    given = build_config(tree).partition
    if given.saved is None:
        return merge(tree)
    keys = _keys(load_partition(given.saved).spec)
    for key, value in keys.items():
        if key in tree["partition"] and getattr(given, key) != value:
            raise ConfigError(
                f"partition.{key} = {getattr(given, key)!r}: the partition in {given.saved} was made with "
                f"{value or 'none'!r}; leave it out, or make another partition"
            )
    return merge({"partition": keys}, tree)


def _keys(spec: PartitionSpec) -> dict[str, Any]:
    """Return the keys of ``partition`` that stand for a partition."""
    if spec.scheme == "column":
        return {"clients_by": spec.column}
    renamed = {"n_clients": "clients", "column": "clients_by"}
    return {renamed.get(name, name): value for name, value in asdict(spec).items()}
