"""Alerts of scored flows: whom they concern, which are allowed, and how other tools read them."""

from cfmt.alerts.alert import Alert, Group, alerts_of, without_allowed
from cfmt.alerts.allow import AllowList, AllowRule
from cfmt.alerts.flow import Flow, flow_of

__all__ = ["Alert", "AllowList", "AllowRule", "Flow", "Group", "alerts_of", "flow_of", "without_allowed"]
