"""Commands that floors above, or other packages, hang into ours by entry point."""

from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperGroup

from cloud_bridge.program import say_error
from gateway.errors import EXIT_UNAVAILABLE

COMMANDS = "pusterom.commands"
"""An entry point `demo` is the command `pusterom demo`; `devices.check` is `pusterom devices check`."""


class OpenGroup(TyperGroup):
    """A group that also has what is hung into it; each is loaded when it is called or listed, not before."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - typer's own class, which it doesn't show
        """Return the names of our own commands, then of those that were hung in."""
        own = list(super().list_commands(ctx))
        return own + sorted(set(self._points()) - set(own))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - typer's own classes, as above
        """Return a command; what is ours can't be replaced from outside."""
        own = super().get_command(ctx, cmd_name)
        point = None if own is not None else self._points().get(cmd_name)
        return own if point is None else typer.main.get_command(_hung(cmd_name, point))

    def _points(self) -> dict[str, EntryPoint]:
        groups = [self.name] if self.name else []
        found: dict[str, EntryPoint] = {}
        for point in sorted(
            entry_points(group=COMMANDS), key=lambda point: (not _is_ours(point), _of(point))
        ):
            *named, command = point.name.split(".")
            if named == groups:
                found.setdefault(command, point)  # of two with one name ours, else the first by package
        return found


def _hung(name: str, point: EntryPoint) -> typer.Typer:
    """Return the command as an app of its own; one that can't be loaded says so when called."""
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
    try:
        alone.command(name)(point.load())
    except ModuleNotFoundError as missing:
        _add_absent(alone, name, f"{_said(point)} is not here: {missing}. Install {_package(point)} for it.")
    except Exception as error:
        if _is_ours(point):
            raise
        _add_absent(alone, name, f"{_said(point)} of {_package(point)} can't be loaded: {error!r}")
    return alone


def _add_absent(alone: typer.Typer, name: str, reason: str) -> None:
    def absent() -> None:
        say_error(reason)
        raise typer.Exit(EXIT_UNAVAILABLE)

    any_words = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
    alone.command(name, help=reason, context_settings=any_words)(absent)


def _said(point: EntryPoint) -> str:
    return f"`{' '.join(point.name.split('.'))}`"


def _of(point: EntryPoint) -> str:
    return "pusterom" if point.dist is None else point.dist.name


def _is_ours(point: EntryPoint) -> bool:
    return _of(point) == "pusterom"


def _package(point: EntryPoint) -> str:
    return "pusterom[simulators]" if _is_ours(point) else _of(point)
