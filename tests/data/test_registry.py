"""Published data sets: recognised whatever people call the files, and told what is odd about them."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from cfmt.data import DATA_SETS, data_set, load_nsl_kdd_file, load_synthetic, to_nsl_kdd_text
from cfmt.data.flow_rows import read_rows
from cfmt.data.flow_table import load_flow_tables, survey
from cfmt.data.reading import DataWarning
from cfmt.errors import DataError
from scripts.data_sets_page import page
from support.detectors import invoke
from support.flows import HEADERS, known_rows, write_csv

PAGE = Path(__file__).parents[2] / "docs" / "data-sets.md"


def test_the_page_is_the_registry() -> None:
    assert PAGE.read_text() == page(), "write it anew: python scripts/data_sets_page.py"


@pytest.mark.parametrize("known", DATA_SETS, ids=lambda known: known.name)
def test_each_says_what_a_person_must_know(known: object) -> None:
    assert isinstance(known, type(DATA_SETS[0]))
    assert all(len(text) > 3 for text in (known.title, known.terms, known.citation, known.split))
    assert known.flaws
    section = PAGE.read_text().split(f"\n## {known.name}\n")[1].split("\n## ")[0]
    for text in (known.title, known.terms, known.citation, known.split, *known.flaws):
        assert text in section, text


@pytest.mark.parametrize(
    ("name", "types"),
    [
        ("rt-iot2022", {"DOS_SYN_Hping": "dos", "NMAP_UDP_SCAN": "recon", "MQTT_Publish": "normal"}),
        ("rt-iot2022", {"ARP_poisioning": "spoofing", "Metasploit_Brute_Force_SSH": "brute-force"}),
        ("cic-ids2017", {"DoS Hulk": "dos", "FTP-Patator": "brute-force", "BENIGN": "normal"}),
        ("cic-ids2017", {"Web Attack \u2013 XSS": "web", "PortScan": "recon"}),
        ("ciciot2023", {"DDoS-ICMP_Flood": "ddos", "DOS-SYN_FLOOD": "dos", "Mirai-udpplain": "mirai"}),
        ("nf-v3", {"DDoS": "dos", "injection": "web", "Fuzzers": "Fuzzers", "Benign": "Benign"}),
    ],
)  # fmt: skip
def test_families(name: str, types: dict[str, str]) -> None:
    assert {kind: data_set(name).family(kind) for kind in types} == types


def test_the_raw_files_of_unsw_have_no_header(tmp_path: Path) -> None:
    _, rows = known_rows("unsw-nb15-raw", 90)
    path = tmp_path / "UNSW-NB15_1.csv"
    path.write_text("\n".join(",".join(row) for row in rows) + "\n")
    tables = load_flow_tables(path)
    assert tables.known is not None
    assert tables.known.name == "unsw-nb15-raw"
    assert tables.train.n_rows == 90
    assert {"srcip", "dstip", "Stime", "Ltime"} <= {*tables.columns.kept}
    assert tables.columns.ports == ("dsport",)


def test_n_baiot_is_labelled_by_its_files(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    header = ["MI_dir_L5_weight", "MI_dir_L5_mean", "HH_L5_magnitude"]
    for name in (
        "Doorbell/benign_traffic",
        "Doorbell/gafgyt_attacks/combo",
        "Doorbell/mirai_attacks/udp",
        "Camera/benign_traffic",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        write_csv(
            tmp_path / f"{name}.csv", header, [[f"{x:.3f}" for x in row] for row in rng.random((30, 3))]
        )
    tables = load_flow_tables(f"{tmp_path}/**/*.csv", clients_by="file")
    assert tables.train.name == "n-baiot"
    assert tables.train.attack_types == ("normal", "gafgyt combo", "mirai udp")
    assert int(tables.train.is_attack.sum()) == 60
    assert len(tables.train.client_names) == 4
    kaggle = write_csv(tmp_path / "1.gafgyt.scan.csv", header, [["1", "2", "3"]])
    assert read_rows(kaggle, "auto").frame["traffic"].to_list() == ["gafgyt scan"]
    other = write_csv(tmp_path / "flows.csv", header, [["1", "2", "3"]])
    with pytest.raises(DataError, match=r"flows\.csv: is n-baiot, whose labels are the names of its files"):
        read_rows(other, "auto")


def test_swapped_names_are_told_and_altered_bytes_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, rows = known_rows("unsw-nb15", 60)
    path = write_csv(tmp_path / "UNSW_NB15_training-set.csv", header, rows)
    (source,) = load_flow_tables(path).train.sources
    assert (source.name, source.published) == ("UNSW_NB15_training-set.csv", False)
    (other,) = load_flow_tables(write_csv(tmp_path / "own.csv", header, rows)).train.sources
    assert other.published is None
    testing = data_set("unsw-nb15").files[1]
    monkeypatch.setattr("cfmt.data.flow_rows.identify", lambda sha256: testing)
    with pytest.warns(
        DataWarning, match=r"training-set\.csv: holds the published UNSW_NB15_testing-set\.csv \(test\)"
    ):
        (source,) = load_flow_tables(path).train.sources
    assert (source.name, source.published) == ("UNSW_NB15_testing-set.csv", True)


def test_rt_iot2022_is_known_by_its_bytes(rt_iot2022: Path) -> None:
    (source,) = read_rows(rt_iot2022, "auto").sources
    assert (source.name, source.n_rows, source.published) == ("RT_IOT2022.csv", 123_117, True)


def test_kdd_cup_99_is_not_called_nsl_kdd(tmp_path: Path) -> None:
    lines = to_nsl_kdd_text(load_synthetic(400, 0, seed=0)[0]).splitlines()
    path = tmp_path / "kddcup.data_10_percent"
    path.write_text("\n".join(",".join(line.split(",")[:42]) + "." for line in lines) + "\n")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        table = load_nsl_kdd_file(path, part="train")
    words = " ".join(str(one.message) for one in told)
    assert table.name == "kdd-cup-99"
    assert "is KDD Cup 1999, not NSL-KDD" in words
    assert "is not the published" not in words
    assert table.sources[0].published is None


def test_rows_of_separators_alone_are_left_out_and_told(tmp_path: Path) -> None:
    header, rows = known_rows("ton-iot", 30)
    empty = [""] * len(header)
    path = write_csv(tmp_path / "flows.csv", header, [*rows[:10], empty, *rows[10:], empty])
    with pytest.warns(DataWarning, match=r"flows\.csv: line 12: holds no cell; 2 such rows"):
        assert load_flow_tables(path).train.n_rows == 30


@pytest.mark.parametrize("name", ["cic-ids2017", "ton-iot"])
def test_a_quiet_day_can_be_looked_at(tmp_path: Path, name: str) -> None:
    header, rows = known_rows(name, 90)
    quiet = [row for at, row in enumerate(rows) if at % 3]
    path = write_csv(tmp_path / "monday.csv", header, quiet)
    assert sum(n for _, n in survey(path).labels) == 60
    code, _, err = invoke("data", "inspect", path)
    assert code == 0, err
    assert "all rows are of one class" in err
    with pytest.raises(DataError, match="every row of column"):
        load_flow_tables(path)


def test_true_and_false_are_numbers(tmp_path: Path) -> None:
    words = ["True", "false", " TRUE ", "0", "1", "True"] * 5
    rows = [[word, str(at % 7), "ok" if at % 2 else "bad"] for at, word in enumerate(words)]
    tables = load_flow_tables(
        write_csv(tmp_path / "a.csv", ["Fin", "n", "l"], rows), label="l", normal=("ok",)
    )
    assert tables.columns.numeric[0] == "Fin"
    assert tables.train.numeric[:6, 0].tolist() == [1, 0, 1, 0, 1, 1]


def test_inspection_as_json(tmp_path: Path, rt_iot2022: Path) -> None:
    header, rows = known_rows("bot-iot/best", 60)
    code, out, err = invoke("data", "inspect", write_csv(tmp_path / "a.csv", header, rows), "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["data_set"] == "bot-iot"
    assert {value["rows"] for value in found["values"]} == {20, 40}
    code, out, _ = invoke("data", "inspect", rt_iot2022, "--json")
    found = json.loads(out)
    assert found["files"][0]["published"] is True
    assert {value["family"] for value in found["values"]} == {
        "normal",
        *(f"attack: {f}" for f in ("dos", "recon", "spoofing", "brute-force")),
    }
    assert next(column for column in found["columns"] if column["name"] == "id.resp_p")["use"].startswith(
        "service buckets"
    )
    code, out, _ = invoke("data", "inspect", "synthetic", "--json")
    assert [part["name"] for part in json.loads(out)["parts"]] == ["synthetic", "synthetic"]


def test_every_header_has_a_data_set() -> None:
    assert {"ciciot2023/merged", "bot-iot/best", "unsw-nb15-raw"} <= {*HEADERS}
