"""Damaged detectors, schemas, allow lists, configurations and partitions: what users hand in beside flows."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cfmt.alerts import AllowList
from cfmt.config import build_config, read_toml, to_toml
from cfmt.data import load_synthetic, to_nsl_kdd_text
from cfmt.data.columns import Columns
from cfmt.data.nsl_kdd import load_nsl_kdd_file
from cfmt.data.nsl_kdd_flows import read_flows
from cfmt.detector import Detector, make_card
from cfmt.errors import CfmtError
from cfmt.partition import PartitionSpec, load_partition, partition_iid, save_partition
from support.damage import BINARY, JSON, TEXT, Damage, damaged
from support.detectors import untrained
from support.error_words import fault_of_words
from support.fuzzing import N_FILES, go_through
from support.sound_files import SOUND, detector_of

ALLOWED = """# scanners and resolvers
src 10.1.2.3
dst 10.9.0.0/16 port 53
service dns proto udp
2001:db8::/32
port 8000-8100
"""
ALLOWED_TOML = '[[allow]]\nsrc = "10.1.2.3"\n\n[[allow]]\nservice = "dns"\nport = 53\n'


def told(path: Path, read: Callable[[], object]) -> str:
    """Read a file; check the words of the error, if there is one."""
    try:
        read()
    except CfmtError as error:
        words = str(error).removeprefix("--allow ")
        fault = fault_of_words(words, path, line=False)
        assert not fault, f"{fault}: {words}"
        return "refused"
    return "read"


def run(
    name: str, path: Path, content: bytes, damages: tuple[Damage, ...], read: Callable[[], object]
) -> None:
    path.write_bytes(content)
    read()
    outcomes = go_through(name, path, lambda draw: damaged(content, draw, damages), lambda: told(path, read))
    assert N_FILES < 100 or outcomes["read"] > 0 < outcomes["refused"]


@pytest.mark.timeout(0)
@pytest.mark.parametrize("kind", ["zscore", "quantile", "flows"])
def test_detectors(tmp_path: Path, kind: str) -> None:
    path, table = tmp_path / "detector", load_synthetic(20, 0, seed=1)[0]
    if kind == "flows":
        detector_of(SOUND["csv"], tmp_path / "flows").save(path)
    else:
        untrained("quantile" if kind == "quantile" else "zscore").save(path)

    def read() -> None:
        found = Detector.load(path)
        make_card(found)
        if found.columns is None:
            with contextlib.suppress(ValueError):  # features with other names
                assert np.isfinite(found.predict_proba(table)).all()

    run(f"detector {kind}", path, path.read_bytes(), (*BINARY, *JSON), read)


@pytest.mark.timeout(0)
def test_schemas(tmp_path: Path) -> None:
    path = tmp_path / "schema.toml"
    content = SOUND["csv"].columns.to_toml().encode()
    run("schema", path, content, TEXT, lambda: Columns.load(path))


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", ["allow.txt", "allow.toml"])
def test_allow_lists(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    content = (ALLOWED if name.endswith("txt") else ALLOWED_TOML).encode()
    run(name, path, content, TEXT, lambda: AllowList.load(path))


@pytest.mark.timeout(0)
def test_configurations(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    content = to_toml(build_config({})).encode()
    run("config", path, content, TEXT, lambda: read_toml(path))


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", ["partition.json", "rows.npy", "offsets.npy"])
def test_partitions(tmp_path: Path, name: str) -> None:
    family, is_attack = np.arange(40) % 3, (np.arange(40) % 3 > 0).astype(np.uint8)
    folder = tmp_path / "partition"
    spec = PartitionSpec(n_clients=4, scheme="iid")
    parts = partition_iid(40, 4, seed=0)
    save_partition(folder, parts, spec=spec, seed=0, family=family, is_attack=is_attack)

    def read() -> None:
        load_partition(folder).parts(family, is_attack)

    path = folder / name
    damages = (*BINARY, *JSON) if name.endswith("json") else BINARY
    content = path.read_bytes()
    outcomes = go_through(
        name, path, lambda draw: damaged(content, draw, damages), lambda: told(folder, read)
    )
    assert N_FILES < 100 or outcomes["refused"] > 0


@pytest.mark.timeout(0)
@pytest.mark.filterwarnings("ignore::cfmt.data.reading.DataWarning")
@pytest.mark.parametrize("use", ["training", "scoring"])
def test_nsl_kdd(tmp_path: Path, use: str) -> None:
    path = tmp_path / "KDDTrain+.txt"
    content = to_nsl_kdd_text(load_synthetic(12, 0, seed=0)[0]).encode()

    def read() -> None:
        if use == "scoring":
            for flows in read_flows(path):
                assert np.isfinite(flows.table.numeric).all()
        else:
            assert np.isfinite(load_nsl_kdd_file(path).numeric).all()

    run(f"nsl-kdd {use}", path, content, TEXT, read)
