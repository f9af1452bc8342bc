"""Writes docs/openapi.json and docs/asyncapi.json from the program: make documents."""

import sys
from pathlib import Path

import orjson

from cloud_bridge.backend.asyncapi import asyncapi
from cloud_bridge.backend.openapi import openapi

VERSION = "0.1.0"
"""Of the documents: that of the program they were made from."""


def documents() -> dict[str, bytes]:
    """Return each document by the name of its file, the same bytes whenever it is made."""
    made = {"openapi.json": openapi(VERSION), "asyncapi.json": asyncapi(VERSION)}
    how = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
    return {name: orjson.dumps(document, option=how) for name, document in made.items()}


def main(folder: Path) -> None:
    """Write them into this folder."""
    for name, data in documents().items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
