"""Flows of files that grow, are rotated and cut off, of folders that fill, and of pipes that go on."""

from cfmt.data.following.flows import FollowedChunk, follow_flows
from cfmt.data.following.place import Place
from cfmt.data.following.waiting import Waiting

__all__ = ["FollowedChunk", "Place", "Waiting", "follow_flows"]
