"""Alerts as other tools read them: one JSON object each."""

from collections.abc import Callable
from typing import Any

from cfmt.alerts.alert import Alert
from cfmt.alerts.formats.ecs import to_ecs
from cfmt.alerts.formats.eve import to_eve
from cfmt.alerts.formats.native import to_native
from cfmt.alerts.formats.ocsf import to_ocsf

__all__ = ["ALERT_FORMATS", "to_ecs", "to_eve", "to_native", "to_ocsf"]

ALERT_FORMATS: dict[str, Callable[[Alert], dict[str, Any]]] = {
    "jsonl": to_native,
    "eve": to_eve,
    "ecs": to_ecs,
    "ocsf": to_ocsf,
}
"""What makes an object of an alert, by the name of the format."""
