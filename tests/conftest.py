"""What every test may lean on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Processes that tests start find the helpers where the tests do.
TESTS = Path(__file__).resolve().parent
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [os.environ.get("PYTHONPATH"), str(TESTS), str(TESTS.parent)])
)


def shared_folder() -> Path:
    """The folder with material that is not committed: ``CFMT_SHARED``, or ``../shared``."""
    default = Path(__file__).resolve().parents[2] / "shared"
    return Path(os.environ.get("CFMT_SHARED", default))


@pytest.fixture(scope="session")
def nsl_kdd_folder() -> Path:
    """The real NSL-KDD files; a test that needs them is skipped, aloud, where they are absent."""
    folder = shared_folder() / "data" / "nsl-kdd"
    if not (folder / "KDDTrain+.txt.gz").exists():
        pytest.skip(
            f"real NSL-KDD not found in {folder}; set CFMT_SHARED to the folder that holds data/nsl-kdd"
        )
    return folder


@pytest.fixture(scope="session")
def rt_iot2022() -> Path:
    """The real RT-IoT2022 table; a test that needs it is skipped, aloud, where it is absent."""
    path = shared_folder() / "data" / "rt-iot2022" / "RT_IOT2022.csv.gz"
    if not path.exists():
        pytest.skip(f"real RT-IoT2022 not found at {path}; set CFMT_SHARED to the folder that holds data")
    return path


@pytest.fixture(scope="session")
def zeek_folder() -> Path:
    """Real logs of Zeek; a test that needs them is skipped, aloud, where they are absent."""
    folder = shared_folder() / "data" / "zeek"
    if not (folder / "conn.log").exists():
        pytest.skip(f"real Zeek logs not found in {folder}; set CFMT_SHARED to the folder that holds data")
    return folder
