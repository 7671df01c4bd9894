"""``python -m cfmt`` is the command ``cfmt``."""

from cfmt.cli import main

if __name__ == "__main__":
    main()
