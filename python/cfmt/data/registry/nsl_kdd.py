"""NSL-KDD, KDD Cup 1999 from which it was made, and traffic generated with its features."""

from cfmt.data.registry.entry import DataSet, PublishedFile

__all__ = ["KDD_CUP_99", "NSL_KDD", "SYNTHETIC"]

_CITATION = (
    "M. Tavallaee, E. Bagheri, W. Lu, A. Ghorbani, 'A Detailed Analysis of the KDD CUP 99 "
    "Data Set', IEEE CISDA 2009"
)

NSL_KDD = DataSet(
    name="nsl-kdd",
    title="KDD Cup 1999 traffic without its repeated records, 41 features, 39 attack types",
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
    terms="Redistribution with citation (Canadian Institute for Cybersecurity)",
    citation=_CITATION,
    split="official: KDDTrain+ and KDDTest+, which has 17 attack types that training lacks",
    flaws=(
        "traffic of 1998, made in a laboratory",
        "KDDTrain+_20Percent is the first fifth of KDDTrain+, so both together repeat rows",
    ),
)

KDD_CUP_99 = DataSet(
    name="kdd-cup-99",
    title="KDD Cup 1999, labels that end in a dot",
    terms="Public",
    citation="S. Stolfo and others, KDD Cup 1999 Data, UCI Machine Learning Repository",
    split="official: kddcup.data and corrected",
    flaws=(
        "three in four training rows and nearly as many test rows are repeated (Tavallaee et al., "
        "CISDA 2009); "
        "NSL-KDD is to be preferred",
    ),
)

SYNTHETIC = DataSet(
    name="synthetic",
    title="Generated traffic with NSL-KDD's features, for tests and tours; no result on it counts",
    terms="Made here, from figures of NSL-KDD's training part",
    citation=_CITATION,
    split="drawn: test rows have attack types that training lacks",
    flaws=("it is generated: no result on it says anything of real traffic",),
)
