"""``python -m cfmt``."""

from cfmt.cli import main

main()
