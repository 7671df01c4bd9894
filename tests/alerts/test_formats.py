"""Alert formats against golden files, and against the names and types that were published for each.

``CFMT_GOLDEN=write`` writes the golden files anew; look at the difference before it is committed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from cfmt.alerts import ALERT_FORMATS, Alert, Group, flow_of
from cfmt.detector import Reason

HERE = Path(__file__).parent
PUBLISHED = json.loads((HERE / "published.json").read_text())
OWN = {"ecs": ("cfmt.",), "ocsf": ("unmapped.",), "eve": ()}
SEEN = datetime(2026, 6, 1, 12, 0, 5, 250000, tzinfo=UTC)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)

ZEEK = {
    "time": "1780315200.125", "uid": "CHhAvVGS1DHFjwGM9", "src": "192.0.2.10", "src_port": "50123",
    "dst": "198.51.100.7", "dst_port": "443", "proto": "tcp", "service": "ssl",
}  # fmt: skip
SURICATA = {
    "time": "2026-06-01T12:00:00.500000+0200", "uid": "1378124870211", "src": "2001:db8::1",
    "src_port": "5353", "dst": "ff02::fb", "dst_port": "5353", "proto": "UDP", "service": "dns",
}  # fmt: skip
ICMP = {"time": "2026-06-01 12:00:01", "src": "192.0.2.1", "dst": "192.0.2.2", "proto": "58", "service": "-"}


def alert(cells: dict[str, str], score: float, **more: Any) -> Alert:
    """An alert of a row with these cells."""
    passed = {f"column {role}": cell for role, cell in cells.items()}
    return Alert(41, score, 0.25, flow_of(cells), passed, SEEN, **more)


ALERTS = {
    "zeek": alert(ZEEK, 0.973, reasons=(Reason("conn_state", "S0", 1.25), Reason("orig_bytes", 52.0, 0.125))),
    "suricata": alert(SURICATA, 0.5),
    "icmp": alert(ICMP, 0.26),
    "group": alert(ZEEK, 0.9, group=Group(("src", "service"), 12, NOON, NOON + timedelta(minutes=4))),
    "no addresses": alert({"proto": "tcp", "service": "http"}, 0.75),
    "ports only": alert({"src_port": "50123", "dst_port": "443", "proto": "tcp"}, 0.75),
    "nothing": Alert(0, 1.0, 0.5, flow_of({}), {}, SEEN),
    "odd text": Alert(1, 0.6, 0.5, flow_of({}), {"note": 'a "b", \n\u20ac'}, SEEN),
}


@pytest.mark.parametrize("name", ALERT_FORMATS)
def test_golden_files(name: str) -> None:
    path = HERE / "golden" / f"{name}.jsonl"
    lines = [json.dumps({"case": case} | ALERT_FORMATS[name](one)) for case, one in ALERTS.items()]
    if os.environ.get("CFMT_GOLDEN") == "write":
        path.write_text("\n".join(lines) + "\n")
    assert lines == path.read_text().splitlines()


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every value with its dotted name; ``[]`` stands behind that of an array."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, name + "[]")
    else:
        yield name, value


def is_of(kind: str, value: Any) -> bool:
    """Whether a value is of a published type."""
    match kind:
        case "integer" | "long":
            return type(value) is int
        case "timestamp":  # milliseconds since 1970
            return type(value) is int and value > 1e12
        case "float" | "number":
            return type(value) in (int, float)
        case "boolean":
            return type(value) is bool
        case "date":
            return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
        case "ip":
            return isinstance(value, str) and bool(ip_address(value))
        case "string" | "keyword" | "match_only_text":
            return isinstance(value, str)
    return False


def faults(name: str, made: dict[str, Any]) -> list[str]:
    """What a consumer of the format would not know."""
    published = PUBLISHED[name]
    found = dict(leaves(made))
    lacking = [field for field in published["required"] if field not in found]
    unknown = [
        field
        for field, value in found.items()
        if not field.startswith(OWN[name]) and not is_of(published["fields"].get(field, ""), value)
    ]
    return lacking + unknown


@pytest.mark.parametrize("case", ALERTS)
@pytest.mark.parametrize("name", PUBLISHED)
def test_names_and_types_are_those_published(name: str, case: str) -> None:
    assert faults(name, ALERT_FORMATS[name](ALERTS[case])) == []


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_wrong_name_or_type_or_a_lack_would_be_seen(name: str) -> None:
    made = ALERT_FORMATS[name](ALERTS["zeek"])
    field = PUBLISHED[name]["required"][0]
    assert faults(name, {key: value for key, value in made.items() if key != field}) == [field]
    assert faults(name, made | {"sorce": "x"}) == ["sorce"]
    assert faults(name, made | {field: [made[field]]}) == [field, f"{field}[]"]


def test_enumerations_and_forms() -> None:
    for case, one in ALERTS.items():
        eve, ecs, ocsf = (ALERT_FORMATS[name](one) for name in ("eve", "ecs", "ocsf"))
        # the pattern of etc/schema.json
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d+[+\-]\d+", eve["timestamp"]), case
        assert eve["alert"]["action"] in ("allowed", "blocked")
        assert 1 <= eve["alert"]["severity"] <= 4
        assert ecs["event"]["kind"] == "alert"
        assert {*ecs["event"]["category"]} <= {"network", "intrusion_detection", "threat"}
        assert 0 <= ecs["event"]["risk_score"] <= 100
        assert ecs.get("network", {}).get("type", "ipv4") in ("ipv4", "ipv6")
        assert (ocsf["class_uid"], ocsf["category_uid"], ocsf["activity_id"]) == (2004, 2, 1)
        assert ocsf["type_uid"] == ocsf["class_uid"] * 100 + ocsf["activity_id"]
        assert ocsf["severity_id"] in range(7)
        assert ocsf["status_id"] in range(1, 7)
        assert ocsf["finding_info"]["analytic"]["type_id"] == 4  # learning
        assert 0 <= ocsf["confidence_score"] <= 100
        for evidence in ocsf.get("evidences", []):
            assert {*evidence} & {"connection_info", "src_endpoint", "dst_endpoint"}
            # network_endpoint asks for one of these
            for end in ("src_endpoint", "dst_endpoint"):
                assert not evidence.get(end) or {*evidence[end]} & {"ip", "svc_name"}, case


def test_what_is_not_known_is_left_out() -> None:
    for name, form in ALERT_FORMATS.items():
        made = form(ALERTS["nothing"])
        assert not re.search(r"null|None|\{\}|\[\]", json.dumps(made)), name
        assert "src" not in json.dumps(made).replace("src_url", ""), name


def test_every_column_goes_through() -> None:
    for name, form in ALERT_FORMATS.items():
        text = json.dumps(form(ALERTS["zeek"]))
        for cell in ZEEK.values():
            assert cell in text, (name, cell)


def test_ids_stay_and_differ() -> None:
    ids = [ALERT_FORMATS["jsonl"](one)["id"] for one in ALERTS.values()]
    assert ids == [ALERT_FORMATS["ocsf"](one)["finding_info"]["uid"] for one in ALERTS.values()]
    assert len({*ids}) == len(ids) - 1  # the group stands for the flow of "zeek"
