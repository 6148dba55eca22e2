"""`python -m pgtune` is `pgtune`."""

from pgtune.cli import main

main()
