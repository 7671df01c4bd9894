"""What is known of a published data set."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from cfmt.data.columns.names import normalised

__all__ = ["DataSet", "PublishedFile"]


@dataclass(frozen=True)
class PublishedFile:
    """A file as it was published.

    Parameters
    ----------
    name : str
        Its published name, without compression.
    sha256 : str
        Of the uncompressed bytes.
    n_rows : int
        Rows of data, the header not counted.
    part : str
        What it is for: ``train``, ``test``, or another part by name.
    header : bool, default=False
        Whether the first line names the columns.
    optional : bool, default=False
        Whether the data set is whole without it.

    Examples
    --------
    >>> from cfmt.data import data_set
    >>> train = data_set("nsl-kdd").files[0]
    >>> train.name, train.n_rows, train.sha256[:8]
    ('KDDTrain+.txt', 125973, '1b86d2f9')
    """

    name: str
    sha256: str
    n_rows: int
    part: str
    header: bool = False
    optional: bool = False


@dataclass(frozen=True)
class DataSet:
    """A data set that ``cfmt`` knows.

    Parameters
    ----------
    name : str
        Short name, as options take it.
    title : str
        One line on it.
    files : tuple of PublishedFile, default=()
        What was published, where its bytes are known here.
    terms, citation : str
        Terms of use, and what to cite.
    split : str, default=""
        How it is divided into a training and a test part.
    flaws : tuple of str, default=()
        What a person should know before believing a figure on it, with its source.
    signatures : tuple of tuple of str, default=()
        Columns that it has and others lack, as :func:`~cfmt.data.columns.normalised` writes them; one entry
        for each edition. Empty where it has a reader of its own.
    unnamed : tuple of str, default=()
        Names of the columns of files that have no header.
    label : str, default=""
        Its column that tells attack from normal traffic, normalised.
    normal : tuple of str, default=()
        Values of ``label`` that are normal traffic.
    attack_type : str, default=""
        Its column that names the attack, normalised; empty where the label does.
    label_of_file : str, default=""
        Where the names of the files are the labels: a regular expression that finds them, in groups.
    families : tuple of (str, str), default=()
        Families of attacks, each with a regular expression for the types that belong to it.

    Examples
    --------
    >>> from cfmt.data import data_set
    >>> known = data_set("rt-iot2022")
    >>> known.family("DOS_SYN_Hping"), known.family("Thing_Speak")
    ('dos', 'normal')
    """

    name: str
    title: str
    terms: str
    citation: str
    files: tuple[PublishedFile, ...] = ()
    split: str = ""
    flaws: tuple[str, ...] = ()
    signatures: tuple[tuple[str, ...], ...] = ()
    unnamed: tuple[str, ...] = ()
    label: str = ""
    normal: tuple[str, ...] = ()
    attack_type: str = ""
    label_of_file: str = ""
    families: tuple[tuple[str, str], ...] = ()

    def fits(self, names: Collection[str]) -> bool:
        """Tell whether a table is one of its editions.

        Parameters
        ----------
        names : collection of str
            Normalised names of the table's columns.
        """
        return any({*names}.issuperset(signature) for signature in self.signatures)

    def family(self, attack_type: str) -> str:
        """Return the family of an attack type.

        Parameters
        ----------
        attack_type : str
            As its tables write it.

        Returns
        -------
        str
            ``normal`` for normal traffic; the type's own name where no family is known for it.
        """
        if attack_type.lower() in ("normal", *(word.lower() for word in self.normal)):
            return "normal"
        plain = normalised(attack_type)
        found = (family for family, pattern in self.families if re.search(pattern, plain))
        return next(found, attack_type)
