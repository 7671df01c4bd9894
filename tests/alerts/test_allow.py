"""Allow lists: which flows meet which rule, and what is said of a rule that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from cfmt.alerts import AllowList, Flow, flow_of
from cfmt.errors import ConfigError

FLOW = Flow(src="10.1.2.3", src_port=50000, dst="192.0.2.9", dst_port=53, proto="udp", service="dns")


def rules(folder: Path, text: str, name: str = "allow.txt") -> AllowList:
    path = folder / name
    path.write_text(text)
    return AllowList.load(path)


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [
        ("10.0.0.0/8", True),
        ("192.0.2.9", True),
        ("192.0.3.0/24", False),
        ("src 10.0.0.0/8", True),
        ("dst 10.0.0.0/8", False),
        ("port 53", True),
        ("port 50-60", True),
        ("port 50000", False),
        ("service DNS", True),
        ("proto udp port 53 src 10.1.2.3", True),
        ("proto tcp port 53", False),
        ("2001:db8::/32", False),
        ("# nothing", False),
    ],
)
def test_a_rule_is_met_where_all_its_parts_hold(tmp_path: Path, rule: str, allowed: bool) -> None:
    assert rules(tmp_path, f"{rule}  # why\n").allows(FLOW) is allowed
    assert not rules(tmp_path, rule).allows(Flow())


def test_toml_says_the_same(tmp_path: Path) -> None:
    toml = '[[allow]]\ndst = "192.0.2.0/24"\nport = 53\n[[allow]]\nservice = "ntp"\n'
    assert [rule[1:] for rule in rules(tmp_path, toml, "allow.toml").rules] == [
        rule[1:] for rule in rules(tmp_path, "dst 192.0.2.0/24 port 53\nservice ntp").rules
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("10.0.0.0/8\nport x", "allow.txt: line 2: 'x' is no port; write such as: 10.0.0.0/8, src"),
        ("dst", "line 1: '' is no dst"),
        ("port 9-2", "'9-2' is no port"),
        ("port 70000", "'70000' is no port"),
        ("10.0.0.0/40", "'10.0.0.0/40' is no address"),
        ("src 10.1.1.1 src 10.1.1.2", "tells src twice; write two rules"),
    ],
)
def test_a_rule_that_is_none_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match="--allow") as caught:
        rules(tmp_path, text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[allow]\nport = 3", "must hold tables"),
        ("[[allow]]\nports = 3", "rule 1: 'ports' is none of address, src"),
        ("[[allow]]\n", "rule 1: is no table"),
        ("x", "is not TOML"),
    ],
)
def test_toml_that_is_none_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        rules(tmp_path, text, "allow.toml")
    assert message in str(caught.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file or directory; give a file of rules"):
        AllowList.load(tmp_path / "none.txt")


def test_a_rule_that_no_column_can_meet_is_refused(tmp_path: Path) -> None:
    allow = rules(tmp_path, "port 53\ndst 10.0.0.1")
    allow.check({"dst_port", "dst"})
    with pytest.raises(
        ConfigError,
        match=r"line 2: asks for dst, .* \(they tell: dst_port\); remove",
    ):
        allow.check({"dst_port"})


@pytest.mark.parametrize(
    ("cell", "time"),
    [
        ("1379288667.706265", "2013-09-15T23:44:27.706265+00:00"),
        ("1379288667706", "2013-09-15T23:44:27.706000+00:00"),
        ("2026-11-26T19:00:00.5+0100", "2026-11-26T18:00:00.500000+00:00"),
        ("2026-11-26 19:00:00", "2026-11-26T19:00:00+00:00"),
        ("5/7/2017 8:55", None),
        ("-1", None),
        ("", None),
    ],
)
def test_times_are_read_and_never_guessed(cell: str, time: str | None) -> None:
    found = flow_of({"time": cell}).time
    assert (found and found.isoformat()) == time


def test_what_is_no_address_or_port_counts_as_missing() -> None:
    flow = flow_of(
        {"src": "host7", "dst": "2001:DB8::1", "src_port": "70000", "dst_port": "53.0", "proto": "-"}
    )
    assert flow == Flow(dst="2001:db8::1", dst_port=53)
