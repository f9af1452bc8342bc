"""Cuts a tape at many points, and starts the hub again behind each of them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.powercut.cuts import KINDS, Cut, Platter, drawn
from tests.powercut.disk import DISK_BYTES, mounted
from tests.powercut.laws import BrokenLawError, check
from tests.powercut.ledger import Ledger
from tests.powercut.tape import Tape

Say = Callable[[int], None]


@dataclass(slots=True)
class Outcome:
    """What became of one scenario."""

    scenario: str
    kinds: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    red: list[tuple[Cut, str]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def points(self) -> int:
        """How many cuts were made."""
        return self.kinds.total()

    @property
    def ok(self) -> int:
        """How many cost nothing that they may not."""
        return self.points - self.broken.total()

    def __str__(self) -> str:
        kinds = " · ".join(f"{kind} {self.kinds[kind]}" for kind in KINDS)
        broken = "".join(f"   {law.upper()} {count}" for law, count in sorted(self.broken.items()))
        found = f"ok {self.ok}{broken}   {self.seconds:.0f} s"
        return f"{self.scenario:<12} {self.points:>5} cuts: {kinds}   {found}"


class Replay:
    """One recorded life, and a place to mount what cuts leave of it."""

    def __init__(self, scenario: str, tape: Tape, image: Path) -> None:
        self._scenario, self._tape, self._image = scenario, tape, image

    def run(self, numbers: Iterable[int], seed: int, say: Say) -> Outcome:
        """Make the cuts of these numbers, in the order of the tape."""
        outcome = Outcome(self._scenario)
        cuts = sorted((drawn(self._tape, self._scenario, seed, number) for number in numbers),
                      key=lambda cut: cut.position)  # fmt: skip
        for done, (cut, ledger) in enumerate(self._made(cuts), start=1):
            outcome.kinds[cut.kind] += 1
            try:
                self._look(ledger)
            except BrokenLawError as broken:
                outcome.broken[broken.law] += 1
                outcome.red.append((cut, str(broken)))
            say(done)
        return outcome

    def _made(self, cuts: list[Cut]) -> Iterator[tuple[Cut, Ledger]]:
        """Yield each cut when the image is what it leaves, and what was acknowledged until then."""
        platter, ledger, at = Platter(), Ledger(), 0
        marks = iter([*self._tape.marks(), (len(self._tape.steps), {})])
        next_at, mark = next(marks)
        for cut in cuts:
            for step in self._tape.steps[at : cut.position]:
                platter.take(step)
            at = cut.position
            while next_at < at:
                ledger.take(mark)
                next_at, mark = next(marks)
            with self._image.open("wb") as file:
                file.truncate(DISK_BYTES)
                for offset, data in (*platter.safe(), *platter.left_by(cut)):
                    file.seek(offset)
                    file.write(data)
            yield cut, ledger

    def _look(self, ledger: Ledger) -> None:
        place = self._image.parent / "after"
        try:
            with mounted(self._image, place) as disk:
                check(disk, ledger)
        except OSError as error:
            raise BrokenLawError("unmountable", str(error)) from error
