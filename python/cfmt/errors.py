"""Errors that a user can mend: each message names what was wrong, its value and the remedy."""

__all__ = [
    "CfmtError",
    "ConfigError",
    "DataError",
    "DivergedError",
    "MissingExtraError",
    "RunDirectoryError",
]


class CfmtError(Exception):
    """Base of the errors that the command line prints as one line."""


class ConfigError(CfmtError, ValueError):
    """An option, or a combination of options, that cannot be."""


class DataError(CfmtError, ValueError):
    """A data file that is missing, damaged, or not what it should be."""


class DivergedError(CfmtError, ArithmeticError):
    """A training whose numbers became too large for floats, such as by a learning rate that is too high."""


class MissingExtraError(CfmtError, ImportError):
    """A package that belongs to an extra which is not installed."""


class RunDirectoryError(CfmtError, OSError):
    """A run directory that exists, or cannot be written or read."""
