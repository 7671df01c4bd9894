"""Neural networks: the only part of cfmt that imports torch."""

from cfmt.errors import MissingExtraError

try:
    import torch  # noqa: F401 - only to say what is missing
except ModuleNotFoundError as error:
    raise MissingExtraError("cfmt.nn needs torch, which is missing: pip install 'cfmt[train]'") from error

from cfmt.nn.device import DeviceEngine
from cfmt.nn.engine import TorchEngine
from cfmt.nn.factory import ENGINES, make_engine
from cfmt.nn.mlp import MLP
from cfmt.nn.native import NativeEngine
from cfmt.nn.policy import SacConfig, SacState, act, initial_policy
from cfmt.nn.protocol import Engine, GroupResult, Summed, SummingEngine, diverged
from cfmt.nn.replay import Replay
from cfmt.nn.sac import learn
from cfmt.nn.summing import sum_groups
from cfmt.nn.threads import set_threads
from cfmt.nn.training import LocalTraining, train_stacked

__all__ = [
    "ENGINES",
    "MLP",
    "DeviceEngine",
    "Engine",
    "GroupResult",
    "LocalTraining",
    "NativeEngine",
    "Replay",
    "SacConfig",
    "SacState",
    "Summed",
    "SummingEngine",
    "TorchEngine",
    "act",
    "diverged",
    "initial_policy",
    "learn",
    "make_engine",
    "set_threads",
    "sum_groups",
    "train_stacked",
]
