"""`python -m gateway` is the `pusterom` command of this folder, installed or not."""

from gateway.cli import main

main()
