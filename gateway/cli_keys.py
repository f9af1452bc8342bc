"""The commands for the log's keys: rotated, put in escrow, destroyed when a patient leaves."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.console import say
from gateway.words import WordsError

if TYPE_CHECKING:
    from gateway.settings import Settings
    from gateway.store.key_place import KeyPlace

HubFile = Annotated[Path, typer.Option("--config", help="The hub's settings file.")]
DISCHARGE_WORD = "DISCHARGE"
NOT_PROMISED = (
    "Not promised: flash may keep old blocks, so whoever takes the card apart may find old key and keyring.",
    "Copies open as before: of card, of keyring with its secret, of log with the organisation's escrow.",
    "What was sent stands in the ward's database.",
)


def add_to(store: typer.Typer) -> None:
    """Hang these commands into `pusterom store`."""
    for command in (rotate_key, discharge, escrow, open_escrow, new_organisation_key):
        store.command()(command)


def rotate_key(
    config: HubFile = Path("config/hub.toml"),
    new_secret: Annotated[
        Path | None,
        typer.Option(help="With a systemd credential: the new secret; made here if there is no such file."),
    ] = None,
) -> None:
    """Wrap the log's key under a new secret; the old secret then opens nothing that is kept here.

    The log itself isn't written anew. A copy of the old secret with a copy of the old keyring still opens
    it; so does the key file of a hub from before there were keyrings, which was the log's key itself.

    Stop the hub first. A power cut at any moment leaves a secret that opens.

    With a systemd credential, which only systemd can replace, old and new both open until the first start
    with the new one:

        pusterom store rotate-key --new-secret /dev/shm/new-key

    Next: `pusterom hub run`.
    """
    from cloud_bridge.program import utc_now
    from gateway.store.episodes import rotate

    settings, place = _place(config)
    if place.is_sealed and new_secret is None:
        raise WordsError("--new-secret FILE: the secret is a systemd credential; where may the new one lie?")
    if not place.is_sealed and new_secret is not None:
        raise WordsError(f"--new-secret: there is no systemd credential here; {place.key_file} is made anew")
    with _held(settings):
        rotate(place, settings.home, utc_now(), new_secret)
    for line in _rotated(config, place.key_file, new_secret):
        say(line)


def _rotated(config: Path, key_file: Path, new_secret: Path | None) -> Iterator[str]:
    from gateway.store.keys import CREDENTIAL

    if new_secret is None:
        yield f"{key_file} is new; what it was before opens nothing here."
        yield f"Next: pusterom hub run --config {config}"
        return
    yield "Old and new secret both open the log, until the hub has started with the new one. Next:"
    sealed = f"/etc/pusterom/credentials/{CREDENTIAL}"
    yield f"  systemd-creds encrypt --name={CREDENTIAL} {new_secret} {sealed}"
    yield "  systemctl restart pusterom-hub"
    yield f"  shred -u {new_secret}"


def discharge(
    episode: Annotated[str, typer.Option(help="Which episode, as `pusterom hub check` says it.")],
    config: HubFile = Path("config/hub.toml"),
    even_unsent: Annotated[
        bool, typer.Option("--even-unsent", help="Also when the ward has not received everything.")
    ] = False,
    yes: Annotated[
        str | None, typer.Option(help="The episode once more: answers both questions, for scripts.")
    ] = None,
) -> None:
    """Destroy the key of one patient's log on this hub, then the log. There is no way back.

    Asks twice. Afterwards nobody opens that log with what lies on this card: the wrapped key and its escrow
    are overwritten and removed, the secret is made anew, log and bonds are removed. What stays is the line
    that this episode was.

    Not promised: flash may keep old blocks, and copies that were made elsewhere open as before; so does the
    organisation's escrow with a copy of the log. What was sent stands in the ward's database.

    Next: a new `home` in the settings (`pusterom hub new-home`), then `pusterom hub run`.
    """
    from cloud_bridge.program import utc_now
    from gateway.store.episodes import discharge as destroy

    settings, place = _place(config)
    with _held(settings):
        _assert_episode(place, episode)
        if not even_unsent:
            _assert_all_sent(settings, place)
        _ask_twice(episode, yes)
        left = destroy(place, episode, utc_now())
    say(f"Episode {episode} is discharged: its key and its log are destroyed.")
    say(f"Still in {settings.folder}: {', '.join(left)}")
    for line in NOT_PROMISED:
        say(line)
    if place.is_sealed or not place.key_file.exists():
        say("The secret is a systemd credential: make a new one first, as systemd/README.md says.")
    say(f"Next: a new `home` in {config} (pusterom hub new-home), then pusterom hub run")


def escrow(
    out: Annotated[Path, typer.Option(help="The file to make; one that is there is never written over.")],
    config: HubFile = Path("config/hub.toml"),
) -> None:
    """Write the log's key, sealed to the organisation, into a file that only the organisation opens.

    The hub seals it when it starts with `escrow_public_key_file` in its settings. It needs no secret.

    Next: send the file to the organisation; it opens it with `pusterom store open-escrow`.
    """
    from gateway.store.escrow import sealed_key_of
    from gateway.store.organisation_key import write_new

    _, place = _place(config)
    sealed = sealed_key_of(place.ring_file)
    write_new(out, sealed.text, 0o600)
    say(f"{out}: the key of home {sealed.home}, episode {sealed.episode}, sealed to key {sealed.sealed.to}")


def open_escrow(
    private_key: Annotated[Path, typer.Option(help="The organisation's private key.")],
    in_: Annotated[Path, typer.Option("--in", help="What `store escrow` made, or a hub's keyring.json.")],
    out: Annotated[Path, typer.Option(help="The key file to make (mode 0600).")],
) -> None:
    """Open an escrow: for the organisation, on any machine. What it writes opens the log by itself.

    Next, to read the log: put its folder and this file on a machine, without keyring.json, name both in a
    hub's settings (`folder`, `key_file`), and say `pusterom store export`. A hub that starts so makes a new
    keyring; `pusterom store rotate-key` then takes the power from this file over that keyring.
    """
    from gateway.store.escrow import sealed_key_in
    from gateway.store.organisation_key import private_key_in, write_new

    sealed = sealed_key_in(in_)
    write_new(out, f"{sealed.key(private_key_in(private_key)).octets.hex()}\n", 0o600)
    say(
        f"{out}: the key of home {sealed.home}, episode {sealed.episode}. It opens that log: keep it as such."
    )


def new_organisation_key(
    out: Annotated[Path, typer.Option(help="The private key to make (mode 0600); FILE.pub is the public.")],
) -> None:
    """Make the organisation's pair of keys: not on a hub, and once for all its hubs.

    Next: keep the private one where nobody loses it. Put the public one on each hub and name it there as
    `escrow_public_key_file`; compare its number by telephone with what `pusterom hub check` says.
    """
    from gateway.store.organisation_key import fingerprint, make_pair

    public = out.with_name(f"{out.name}.pub")
    key = make_pair(out, public)
    say(f"{out}: private. {public}: for the hubs; its number is {fingerprint(key)}")


def _assert_episode(place: "KeyPlace", episode: str) -> None:
    from gateway.store import keyring

    ring = keyring.read(place.ring_file)
    known = None if ring is None else ring.current or ring.unerased
    if known is None:
        raise WordsError(f"--episode: no episode runs in {place.folder}; a hub that starts begins one")
    if known.id != episode:
        raise WordsError(f"--episode: here runs {known.id}; `pusterom hub check` says when it began")


def _assert_all_sent(settings: "Settings", place: "KeyPlace") -> None:
    """Raise StoreError when the ward lacks entries, or when nobody can tell."""
    from gateway.store.episodes import look_key
    from gateway.store.file import StoreError, is_first_start
    from gateway.store.keys import KeyFileError
    from gateway.store.look import Look

    if is_first_start(settings.folder):
        return
    hint = "Let the hub run until the ward has them, or say --even-unsent."
    try:
        with closing(Look(settings.folder, look_key(place, settings.home))) as look:
            span, cursor = look.span(), int(look.state("cursor") or 0)
    except (StoreError, KeyFileError) as error:
        raise StoreError(f"nobody can tell what the ward lacks: {error} Or say --even-unsent.") from error
    waiting = 0 if span is None else span.last - cursor
    if waiting > 0:
        raise StoreError(f"{waiting} entries wait without a receipt of the ward. {hint}")


def _ask_twice(episode: str, yes: str | None) -> None:
    if yes is not None:
        if yes != episode:
            raise WordsError("--yes: not the same episode; nothing was destroyed")
        return
    say("This destroys the key of a patient's log for ever.")
    for line in NOT_PROMISED:
        say(line)
    for question, answer in (
        ("The episode, once more", episode),
        (f"The word {DISCHARGE_WORD}", DISCHARGE_WORD),
    ):
        if typer.prompt(question, default="", show_default=False).strip() != answer:
            raise WordsError("not what was asked for; nothing was destroyed")


def _place(config: Path) -> "tuple[Settings, KeyPlace]":
    from gateway.settings import Settings
    from gateway.store.key_place import KeyPlace

    settings = Settings.load(config)
    return settings, KeyPlace.of(settings)


@contextmanager
def _held(settings: "Settings") -> Iterator[None]:
    """Hold the folder: a hub that starts meanwhile would write the keyring as well."""
    import os

    from gateway.store.file import StoreError, lock

    if not settings.folder.is_dir():
        raise StoreError(f"there is no folder {settings.folder}: no hub has run there. Check `folder`.")
    held = lock(settings.folder)
    try:
        yield
    finally:
        os.close(held)
