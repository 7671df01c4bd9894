"""Flows that a site allows: no alert is raised for them, whatever their score."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import NamedTuple

from cfmt.alerts.flow import Flow
from cfmt.errors import ConfigError, shown
from cfmt.files import read_text, read_toml_text

__all__ = ["AllowList", "AllowRule"]

_KEYS = ("address", "src", "dst", "port", "service", "proto")
_FORM = "write such as: 10.0.0.0/8, src 10.1.2.3, dst 10.9.0.0/16 port 53, port 8000-8100, service dns"
_NEEDS = {"address": ("src", "dst"), "port": ("dst_port",)}  # roles of columns, where the key names none


class AllowRule(NamedTuple):
    """One rule; a flow meets it where all its parts hold.

    Parameters
    ----------
    place : str
        Where it was written, for messages.
    address, src, dst : IPv4Network, IPv6Network or None
        Network of either end, of the client, of the server.
    port : range or None
        Ports of the server.
    service, proto : str or None
        In small letters.

    Examples
    --------
    >>> from cfmt.alerts import AllowRule, Flow
    >>> rule = AllowRule("line 1", service="dns")
    >>> rule.allows(Flow(service="dns")), rule.allows(Flow(service="http"))
    (True, False)
    """

    place: str
    address: IPv4Network | IPv6Network | None = None
    src: IPv4Network | IPv6Network | None = None
    dst: IPv4Network | IPv6Network | None = None
    port: range | None = None
    service: str | None = None
    proto: str | None = None

    def allows(self, flow: Flow) -> bool:
        """Tell whether a flow meets the rule; what is not known of the flow meets no part."""
        return (
            (self.address is None or _within(flow.src, self.address) or _within(flow.dst, self.address))
            and (self.src is None or _within(flow.src, self.src))
            and (self.dst is None or _within(flow.dst, self.dst))
            and (self.port is None or flow.dst_port in self.port)
            and (self.service is None or flow.service == self.service)
            and (self.proto is None or flow.proto == self.proto)
        )

    def lacks(self, roles: Collection[str]) -> str:
        """Name a part for which a table has no column; empty where it has all."""
        parts = (key for key in _KEYS if getattr(self, key) is not None)
        return next((key for key in parts if not set(_NEEDS.get(key, (key,))) <= set(roles)), "")


class AllowList(NamedTuple):
    r"""The rules of a file.

    Parameters
    ----------
    rules : tuple of AllowRule

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.alerts import AllowList, Flow
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "allow.txt")
    ...     _ = path.write_text("# scanner\nsrc 10.1.2.3\nservice dns port 53\n")
    ...     allowed = AllowList.load(path)
    >>> allowed.allows(Flow(src="10.1.2.3")), allowed.allows(Flow(service="dns", dst_port=5353))
    (True, False)
    """

    rules: tuple[AllowRule, ...] = ()

    @classmethod
    def load(cls, path: Path) -> AllowList:
        """Read a file: one rule a line, or TOML (``.toml``) with tables ``[[allow]]``.

        Parameters
        ----------
        path : Path
            Text in UTF-8; in lines, ``#`` begins a comment.

        Returns
        -------
        AllowList

        Raises
        ------
        ConfigError
            If it cannot be read, or a rule is none: the message names its place and its words.
        """
        try:
            text = read_text(path)
            tree = read_toml_text(text) if path.suffix.lower() == ".toml" else None
        except OSError as error:
            raise ConfigError(f"--allow {path}: {error.strerror}; give a file of rules") from error
        except ValueError as error:
            raise ConfigError(f"--allow {path}: {error}") from error
        if tree is not None:
            return cls(_of_toml(tree, path))
        lines = ((n, line.split("#")[0].split()) for n, line in enumerate(text.splitlines(), start=1))
        return cls(tuple(_rule(_pairs(words), f"{path}: line {n}") for n, words in lines if words))

    def allows(self, flow: Flow) -> bool:
        """Tell whether a rule allows a flow."""
        return any(rule.allows(flow) for rule in self.rules)

    def check(self, roles: Collection[str]) -> None:
        """Refuse rules that a table could never meet.

        Parameters
        ----------
        roles : collection of str
            Roles for which the table has a column.

        Raises
        ------
        ConfigError
            If a rule asks for another.
        """
        for rule in self.rules:
            if lacking := rule.lacks(roles):
                known = ", ".join(sorted(roles)) or "none of these"
                raise ConfigError(
                    f"--allow {rule.place}: asks for {lacking}, and no column of the flows tells it "
                    f"(they tell: {known}); remove the rule"
                )


def _within(address: str | None, network: IPv4Network | IPv6Network) -> bool:
    """Tell whether an address is in a network."""
    return address is not None and ip_address(address) in network


def _pairs(words: list[str]) -> list[tuple[str, str]]:
    """Read a line: pairs of a key and its value; an address may stand alone."""
    pairs, at = [], 0
    while at < len(words):
        key = words[at].lower() if words[at].lower() in _KEYS else ""
        value = words[at + 1] if key and at + 1 < len(words) else "" if key else words[at]
        pairs.append((key or "address", value))
        at += 2 if key else 1
    return pairs


def _of_toml(tree: Mapping[str, object], path: Path) -> tuple[AllowRule, ...]:
    """Read the tables ``[[allow]]``."""
    tables = tree.get("allow")
    if set(tree) != {"allow"} or not isinstance(tables, list):
        raise ConfigError(f"--allow {path}: must hold tables [[allow]] and nothing else; mend it")
    rules = []
    for n, table in enumerate(tables, start=1):
        if not isinstance(table, dict) or not table:
            raise ConfigError(f"--allow {path}: rule {n}: is no table; write [[allow]]")
        rules.append(_rule([(key, str(value)) for key, value in table.items()], f"{path}: rule {n}"))
    return tuple(rules)


def _rule(pairs: list[tuple[str, str]], place: str) -> AllowRule:
    """Make a rule, and name what is wrong with it."""
    parts: dict[str, object] = {}
    for key, value in pairs:
        if key not in _KEYS:
            raise ConfigError(f"--allow {place}: {shown(key)} is none of {', '.join(_KEYS)}; mend it")
        if key in parts:
            raise ConfigError(f"--allow {place}: tells {key} twice; write two rules")
        try:
            parts[key] = _part(key, value)
        except ValueError as error:
            raise ConfigError(f"--allow {place}: {shown(value)} is no {key}; {_FORM}") from error
    return AllowRule(place, **parts)  # type: ignore[arg-type]  # each part was made by its key


def _part(key: str, value: str) -> object:
    """Read the value of a key."""
    if not value:
        raise ValueError(value)
    if key in ("service", "proto"):
        return value.lower()
    if key == "port":
        first, _, last = value.partition("-")
        ports = range(int(first), int(last or first) + 1)
        if not ports or ports.start < 0 or ports.stop > 1 << 16:
            raise ValueError(value)
        return ports
    return ip_network(value, strict=False)
