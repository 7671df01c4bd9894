"""Data sets that are known, and the files that were published."""

from __future__ import annotations

from dataclasses import dataclass

from cfmt.errors import DataError

__all__ = ["DATA_SETS", "DataSet", "PublishedFile", "data_set", "identify"]


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
    files : tuple of PublishedFile
        What was published; empty for generated data.
    loadable : bool
        Whether there is a loader; the files of the others can only be verified.
    terms : str
        Terms of use.
    citation : str
        What to cite.

    Examples
    --------
    >>> from cfmt.data import DATA_SETS
    >>> [(known.name, known.loadable) for known in DATA_SETS]
    [('nsl-kdd', True), ('synthetic', True), ('unsw-nb15', False), ('ton-iot', False)]
    """

    name: str
    title: str
    files: tuple[PublishedFile, ...]
    loadable: bool
    terms: str
    citation: str


_NSL_KDD = DataSet(
    name="nsl-kdd",
    title="NSL-KDD: KDD Cup 1999 traffic without its repeated records, 41 features, 39 attack types",
    files=(
        PublishedFile(
            "KDDTrain+.txt",
            "1b86d2f957b33082081bba410fe129b475efebcc13c9014c3f447c8271aadf95",
            125_973,
            "train",
        ),
        PublishedFile(
            "KDDTest+.txt", "fa46b0935342616aa83b7c2578db355b6a7aaabbc492248172c7a1e8b7ab8f84", 22_544, "test"
        ),
        PublishedFile(
            "KDDTest-21.txt",
            "746993ac9e25868827cacf09eab450050a2a1056e1ce48a1ad39f5dc801d531d",
            11_850,
            "test-21",
            optional=True,
        ),
        PublishedFile(
            "KDDTrain+_20Percent.txt",
            "7ea86479faab5ca2190b7f18b4982fb058ce5bf2b46e0e1017d0d9ef90f9c16e",
            25_192,
            "train",
            optional=True,
        ),
    ),
    loadable=True,
    terms="Redistribution with citation (Canadian Institute for Cybersecurity)",
    citation="M. Tavallaee, E. Bagheri, W. Lu, A. Ghorbani, 'A Detailed Analysis of the KDD CUP 99 Data Set',"
    " IEEE CISDA 2009",
)

_SYNTHETIC = DataSet(
    name="synthetic",
    title="Generated traffic with NSL-KDD's features, for tests and tours; no result on it counts",
    files=(),
    loadable=True,
    terms="Made here, from figures of NSL-KDD's training part",
    citation=_NSL_KDD.citation,
)

_UNSW_NB15 = DataSet(
    name="unsw-nb15",
    title="UNSW-NB15, the authors' partition: 42 features, 9 attack categories",
    files=(
        PublishedFile(
            "UNSW_NB15_training-set.csv",
            "bec7dd5ec88dc2a0ccc7a07879d338395ed7421750f675fd0339e07dfe0648fa",
            175_341,
            "train",
            header=True,
        ),
        PublishedFile(
            "UNSW_NB15_testing-set.csv",
            "734fe6642edf758f7c94d7d9149426b49d202fe8e7bf0bef47392489c3c0a559",
            82_332,
            "test",
            header=True,
        ),
    ),
    loadable=False,
    terms="Free for academic research; no redistribution",
    citation="N. Moustafa, J. Slay, 'UNSW-NB15: a comprehensive data set for network intrusion detection "
    "systems', MilCIS 2015",
)

_TON_IOT = DataSet(
    name="ton-iot",
    title="TON_IoT, the network part: 44 columns, addresses among them",
    files=(
        PublishedFile(
            "train_test_network.csv",
            "26ddc513552de36de6428b2e578efaed2b57504c716dfba847cc0109a64e1974",
            211_043,
            "train-test",
            header=True,
        ),
    ),
    loadable=False,
    terms="Free for academic research; no redistribution",
    citation="N. Moustafa, 'A new distributed architecture for evaluating AI-based security systems at the "
    "edge: Network TON_IoT datasets', Sustainable Cities and Society 72, 2021",
)

DATA_SETS: tuple[DataSet, ...] = (_NSL_KDD, _SYNTHETIC, _UNSW_NB15, _TON_IOT)


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
