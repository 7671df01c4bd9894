"""The command ``cfmt``, and ``python -m cfmt``."""

import sys

__all__ = ["main"]


def main() -> None:
    """Import the command line and run it; a Ctrl-C while it is imported ends in one line, too."""
    try:
        from cfmt.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
