"""Published data sets: what they are, how they are recognised, and their flaws; one file for each origin."""

from collections.abc import Collection

from cfmt.data.columns.names import normalised
from cfmt.data.registry.cic import CIC_IDS2017, CIC_IMPROVED, CICIOT2023, CSE_CIC_IDS2018
from cfmt.data.registry.entry import DataSet, PublishedFile
from cfmt.data.registry.iot import EDGE_IIOTSET, N_BAIOT, RT_IOT2022
from cfmt.data.registry.nsl_kdd import KDD_CUP_99, NSL_KDD, SYNTHETIC
from cfmt.data.registry.unsw import BOT_IOT, NF_V2, NF_V3, TON_IOT, UNSW_NB15, UNSW_NB15_RAW
from cfmt.errors import DataError

__all__ = ["DATA_SETS", "DataSet", "PublishedFile", "data_set", "identify", "names_of", "recognise"]

DATA_SETS: tuple[DataSet, ...] = (
    NSL_KDD,
    KDD_CUP_99,
    SYNTHETIC,
    UNSW_NB15,
    UNSW_NB15_RAW,
    TON_IOT,
    RT_IOT2022,
    CIC_IMPROVED,
    CIC_IDS2017,
    CSE_CIC_IDS2018,
    CICIOT2023,
    NF_V3,
    NF_V2,
    BOT_IOT,
    EDGE_IIOTSET,
    N_BAIOT,
)
"""The special ones before the general ones: a table is the first that it fits."""


def data_set(name: str) -> DataSet:
    """Look a data set up.

    Parameters
    ----------
    name : str
        Its short name.

    Returns
    -------
    DataSet

    Raises
    ------
    DataError
        If there is none of that name.

    Examples
    --------
    >>> from cfmt.data import data_set
    >>> [file.name for file in data_set("nsl-kdd").files if not file.optional]
    ['KDDTrain+.txt', 'KDDTest+.txt']
    """
    for known in DATA_SETS:
        if known.name == name:
            return known
    names = ", ".join(known.name for known in DATA_SETS)
    raise DataError(f"data set must be one of {names}, got {name!r}")


def identify(sha256: str) -> PublishedFile | None:
    """Find the published file with these bytes.

    Parameters
    ----------
    sha256 : str
        SHA-256 of the uncompressed bytes, in hexadecimal.

    Returns
    -------
    PublishedFile or None
        None where no published file is known by it.

    Examples
    --------
    >>> from cfmt.data import data_set, identify
    >>> identify(data_set("nsl-kdd").files[1].sha256).name, identify("0" * 64)
    ('KDDTest+.txt', None)
    """
    files = (file for known in DATA_SETS for file in known.files)
    return next((file for file in files if file.sha256 == sha256), None)


def names_of(n_columns: int) -> tuple[str, ...] | None:
    """Name the columns of a published file that has no header.

    Parameters
    ----------
    n_columns : int
        How many it has.

    Returns
    -------
    tuple of str or None
        None where no data set has such files.

    Examples
    --------
    >>> from cfmt.data.registry import names_of
    >>> names_of(49)[:3], names_of(7)
    (('srcip', 'sport', 'dstip'), None)
    """
    return next((known.unnamed for known in DATA_SETS if len(known.unnamed) == n_columns > 0), None)


def recognise(columns: Collection[str]) -> DataSet | None:
    """Recognise a published table by the names of its columns.

    Parameters
    ----------
    columns : collection of str
        In any letter case and with any separators.

    Returns
    -------
    DataSet or None
        None where it is none of :data:`DATA_SETS`.

    Examples
    --------
    >>> from cfmt.data.registry import recognise
    >>> recognise([" Flow Duration", " Total Fwd Packets", " Label"]).name
    'cic-ids2017'
    """
    names = {normalised(name) for name in columns}
    return next((known for known in DATA_SETS if known.fits(names)), None)
