"""The long walks: people, a bad network, restarts, clocks and a home that is away, by seeded dice."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from cloud_bridge.contract.handover import Accept, Entitle, Known, Offer, Refuse, TimePasses, Withdraw
from cloud_bridge.contract.handover_content import HandedAlert
from cloud_bridge.contract.handover_replica import Replica
from tests.cloud_bridge.contract.handover_laws import ALERTS, check_learnt, check_step, check_who_may, hold
from tests.cloud_bridge.contract.some_handover import KNOWN, ORGANISATIONS, content, home_of_hospital
from tests.given import HOME, NOON

CARRIED_MAX = 24
"""So many messages are on their way at most; of more the oldest is lost."""

PEOPLE = [(organisation, person) for organisation in ORGANISATIONS for person in (0, 1)]
HUB = "hub"
DAY = timedelta(days=1)
WHYS = ("kept", "closed", "moves")
CONTENTS = {
    (alert, goes): content(*(HandedAlert(id=each, goes=goes if each == alert else "moves", reason="why")
                             for each in ALERTS))
    for alert in ALERTS for goes in WHYS
}  # fmt: skip


class Walk:
    """One home's world: what everybody has seen, what is on its way, and the ward's truth."""

    def __init__(self, machine, seed):
        self.machine, self.dice, self.now = machine, Random(seed), NOON
        self.state = home_of_hospital()
        self.views = dict.fromkeys(PEOPLE, self.state)
        self.replicas = {name: Replica(HOME) for name in (HUB, *ORGANISATIONS)}
        self.is_hub_away, self.said = False, 0
        self.commands, self.facts, self.alerts = [], [], frozenset()
        self.events = (
            *(self.arrive,) * 3, *(self.tell,) * 4, *(self.look, self.act) * 2, self.lose, self.tick,
            self.fetch, self.set_clock, self.change_alerts, self.hub_comes_or_goes, self.probe,
        )  # fmt: skip
        self.publish(self.state.record)

    def live(self, steps):
        """Take so many steps, then let everything arrive: all hold the same record in the end."""
        for _ in range(steps):
            chosen = self.restart if self.dice.random() < 0.004 else self.dice.choice(self.events)
            chosen()
        self.is_hub_away = False
        for name in self.replicas:
            for fact in self.state.record:
                self.learn(name, fact)
            hold("the same record", self.replicas[name].facts == self.state.record, name)

    def publish(self, facts):
        """Send facts to everybody; not all of them arrive."""
        self.facts += [(name, fact) for fact in facts for name in self.replicas]
        del self.facts[:-CARRIED_MAX]

    def step(self, command):
        """Let the ward answer one command."""
        before = self.state
        known = Known(KNOWN.organisations, self.alerts)
        self.state = check_step(self.machine, before, command, self.now, known)
        self.publish(self.state.record[len(before.record) :])

    def look(self):
        """Somebody loads the page."""
        self.views[self.dice.choice(PEOPLE)] = self.state

    def act(self):
        """Somebody wants something, by the page that is on the screen."""
        by, person = self.dice.choice(PEOPLE)
        view, self.said = self.views[by, person], self.said + 1
        said = {"id": f"c{self.said}", "home": HOME, "by": by, "role": "sykepleier", "seen": view.number}
        other = self.dice.choice(ORGANISATIONS)
        until = self.now + self.dice.choice((1, 3, 7)) * DAY
        if view.offer is None or self.dice.random() < 0.1:
            carried = CONTENTS[self.dice.choice(ALERTS), self.dice.choice(WHYS)]
            seeing = Entitle(organisation=other, until=self.dice.choice((None, until)), **said)
            offer = Offer(to=other, until=until, content=carried, **said)
            command = seeing if self.dice.random() < 0.15 else offer
        else:
            said["offer"] = view.offer.offer
            choices = (Accept(**said), Refuse(reason="no room", **said), Withdraw(**said))
            command = self.dice.choice(choices)
        self.commands.append(command)
        del self.commands[:-CARRIED_MAX]

    def arrive(self):
        """Any command on its way arrives, and perhaps will again."""
        if self.commands:
            at = self.dice.randrange(len(self.commands))
            command = self.commands[at]
            if self.dice.random() < 0.7:
                del self.commands[at]
            self.step(command)

    def tell(self):
        """Any fact on its way arrives, and perhaps will again; a home that is away hears nothing."""
        if self.facts:
            at = self.dice.randrange(len(self.facts))
            name, fact = self.facts[at]
            if name != HUB or not self.is_hub_away:
                if self.dice.random() < 0.7:
                    del self.facts[at]
                self.learn(name, fact)

    def learn(self, name, fact):
        """Let one replica learn one fact."""
        self.replicas[name] = check_learnt(self.machine, self.state.record, self.replicas[name], fact)

    def lose(self):
        """One message is lost."""
        for carried in (self.commands, self.facts):
            if carried and self.dice.random() < 0.5:
                del carried[self.dice.randrange(len(carried))]

    def tick(self):
        """The ward looks at the time."""
        self.step(TimePasses())

    def fetch(self):
        """Somebody asks for what is missing."""
        name = self.dice.choice(list(self.replicas))
        if spans := self.replicas[name].missing(self.state.number):
            number = self.dice.choice(spans).first
            self.facts.append((name, self.state.record[number - 1]))

    def set_clock(self):
        """Time goes on, and now and then the clock jumps, also back."""
        self.now += self.dice.choice((0.1, 0.1, 0.5, 0.5, 2, -0.2, -3)) * DAY

    def change_alerts(self):
        """An alert opens or closes, whatever else is under way."""
        self.alerts ^= {self.dice.choice(ALERTS)}

    def hub_comes_or_goes(self):
        """The home's internet fails for a long time, or comes back."""
        if self.dice.random() < 0.3:
            self.is_hub_away = not self.is_hub_away

    def probe(self):
        """Ask who can act now."""
        check_who_may(self.machine, self.state, self.now)

    def restart(self):
        """Ward or hub is started again, from what it has kept."""
        if self.dice.random() < 0.5:
            again = self.machine.started_anew(self.state)
            hold("a restart changes nothing", again == self.state)
            self.state = replace(again, record=self.state.record)
        else:
            name = self.dice.choice(list(self.replicas))
            again = self.machine.told_anew(self.replicas[name])
            hold("a restart forgets nothing", again == self.replicas[name])
