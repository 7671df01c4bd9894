"""Alerts of scored flows: whom they concern, which are allowed or one, and how other tools read them."""

from cfmt.alerts.alert import Alert, Group, alerts_of, without_allowed
from cfmt.alerts.allow import AllowList, AllowRule
from cfmt.alerts.flow import Flow, flow_of
from cfmt.alerts.formats import ALERT_FORMATS, to_ecs, to_eve, to_native, to_ocsf
from cfmt.alerts.grouping import MOST_GROUPS, AlertGroups
from cfmt.alerts.live import LiveState, StayAtWork
from cfmt.alerts.scoring import ScoreCounts, ScoreRun
from cfmt.alerts.writers import AlertLines, CsvScores, JsonLinesScores, ScoreWriter

__all__ = [
    "ALERT_FORMATS",
    "MOST_GROUPS",
    "Alert",
    "AlertGroups",
    "AlertLines",
    "AllowList",
    "AllowRule",
    "CsvScores",
    "Flow",
    "Group",
    "JsonLinesScores",
    "LiveState",
    "ScoreCounts",
    "ScoreRun",
    "ScoreWriter",
    "StayAtWork",
    "alerts_of",
    "flow_of",
    "to_ecs",
    "to_eve",
    "to_native",
    "to_ocsf",
    "without_allowed",
]
