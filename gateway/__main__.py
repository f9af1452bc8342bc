"""The `pusterom` command, also `python -m gateway`; so light that Ctrl-C is heard while the rest loads."""

import sys

EXIT_STOPPED = 0


def main() -> None:
    """Run the command; a person who stops it before it has begun sees no trace."""
    try:
        from gateway.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(EXIT_STOPPED)


if __name__ == "__main__":
    main()
