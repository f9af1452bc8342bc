"""Small true values for tests of the hand-over: three organisations, one home, commands in few words."""

from datetime import timedelta
from itertools import count

from cloud_bridge.contract.handover import Accept, Entitle, Known, Offer, Refuse, Withdraw, step
from cloud_bridge.contract.handover_content import Content, HandedAlert
from cloud_bridge.contract.handover_record import begun
from tests.given import HOME, NOON

HOSPITAL, RINGSAKER, HAMAR = "org-hospital", "org-ringsaker", "org-hamar"
ORGANISATIONS = (HOSPITAL, RINGSAKER, HAMAR)
KNOWN = Known(frozenset(ORGANISATIONS))
WEEK = timedelta(days=7)

MOVES = HandedAlert(id="a1", goes="moves")
KEPT = HandedAlert(id="a1", goes="kept", reason="control at our clinic on Friday")
CLOSED = HandedAlert(id="a1", goes="closed", reason="a cold finger")

_IDS = count(1)


def content(*alerts, **more):
    """Return what an offer carries."""
    return Content(**{"plan_version": 3, "why_now": "stable for two weeks", "alerts": alerts} | more)


def home_of_hospital():
    """Return a home for which the hospital is accountable."""
    return begun(HOME, HOSPITAL, "lege", NOON)


def _said(state, by, more):
    return {
        "id": f"c{next(_IDS)}", "home": HOME, "by": by, "role": "sykepleier", "seen": state.number,
    } | more  # fmt: skip


def offer(state, to=RINGSAKER, by=None, carries=None, **more):
    """Return an offer for a week, by default of the accountable organisation."""
    by = by or state.responsibility.accountable
    words = {"to": to, "until": NOON + WEEK, "content": carries or content()} | more
    return Offer(**_said(state, by, words))


def accept(state, by=RINGSAKER, **more):
    """Return an acceptance of the open offer."""
    return Accept(**_said(state, by, {"offer": state.offer.offer} | more))


def refuse(state, by=RINGSAKER, **more):
    """Return a refusal of the open offer."""
    return Refuse(**_said(state, by, {"offer": state.offer.offer, "reason": "no room"} | more))


def withdraw(state, by=HOSPITAL, **more):
    """Return a withdrawal of the open offer."""
    return Withdraw(**_said(state, by, {"offer": state.offer.offer} | more))


def entitle(state, organisation, by=HOSPITAL, until=None, **more):
    """Return a word that lets somebody see."""
    return Entitle(**_said(state, by, {"organisation": organisation, "until": until} | more))


def done(state, command, now=NOON, known=KNOWN):
    """Return the state behind a command that must be granted."""
    stepped = step(state, command, now, known)
    assert stepped.facts, stepped.answer
    return stepped.state


def offered(**more):
    """Return a home that the hospital has offered to Ringsaker."""
    state = home_of_hospital()
    return done(state, offer(state, **more))


def handed_over(**more):
    """Return a home that the hospital has handed over to Ringsaker."""
    state = offered(**more)
    return done(state, accept(state))


def why(state, command, now=NOON, known=KNOWN):
    """Return why a command is refused."""
    return step(state, command, now, known).answer.why
