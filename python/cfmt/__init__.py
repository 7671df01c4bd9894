"""Federated intrusion detection on imbalanced, non-IID traffic.

Importing ``cfmt`` loads the compiled kernels and numpy, and nothing heavier.
"""

from cfmt._core import __version__

__all__ = ["__version__"]
