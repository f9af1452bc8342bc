"""One change of one alert as a DetectedIssue: the same resource when it opens, is confirmed and closes."""

from cloud_bridge.contract.alert import Alert
from cloud_bridge.fhir.naming import (
    LOCAL,
    OURS,
    VKP_ALERT,
    VKP_SEVERITY,
    About,
    Resource,
    coded,
    concept,
    hub_reference,
    id_of,
    instant,
    meta,
    patient,
    reference,
)

_STATUS = {"opened": "preliminary", "confirmed": "final", "closed": "final"}
_SEVERITY = {"yellow": "moderate", "red": "high"}


def detected_issue(alert: Alert, about: About) -> Resource:
    """Return the DetectedIssue; what R4 has no word for stands in an extension."""
    said: Resource = {
        "resourceType": "DetectedIssue",
        "id": id_of(about.home, "alert", alert.id),
        "meta": meta(about),
        "extension": _extensions(alert),
        "identifier": [{"system": f"{LOCAL}/alert", "value": id_of(about.home, "alert", alert.id)}],
        "status": _STATUS[alert.change],
        "code": _code(alert, about),
        "severity": _SEVERITY[alert.level],
        "patient": patient(about),
        **_identified(alert, about),
        "author": hub_reference(about),
        "detail": about.reason or alert.reason,
    }
    if alert.readings:
        behind = [reference("Observation", about.home, "reading", each) for each in alert.readings]
        said["implicated"] = behind
    if alert.change == "closed":
        ended = concept(coded(LOCAL, "closed"), text="closed")
        said["mitigation"] = [{"action": ended, "date": instant(alert.at)}]
    return said


def _identified(alert: Alert, about: About) -> Resource:
    """Return when it opened, and of a later change until when it has lasted."""
    if about.opened_at is None or alert.change == "opened":
        return {"identifiedDateTime": instant(alert.at)}
    last = max(about.opened_at, alert.at)
    return {"identifiedPeriod": {"start": instant(about.opened_at), "end": instant(last)}}


def _code(alert: Alert, about: About) -> Resource:
    rule = coded(LOCAL, f"rule-{alert.rule}")
    known = [coded(VKP_ALERT, alert.code)] if alert.code[:1].isdigit() else []
    return concept(*known, rule, text=about.reason or alert.reason)


def _extensions(alert: Alert) -> list[Resource]:
    base = f"{OURS}/StructureDefinition"
    found: list[Resource] = [
        {"url": f"{base}/alert-change", "valueCode": alert.change},
        {"url": f"{base}/plan-version", "valuePositiveInt": alert.plan_version},
        {"url": f"{base}/rule-version", "valuePositiveInt": alert.rule_version},
    ]
    if alert.severity is not None:
        severity = concept(coded(VKP_SEVERITY, str(alert.severity)))
        found.append({"url": f"{base}/vkp-severity", "valueCodeableConcept": severity})
    if alert.episode:
        found.append({"url": f"{base}/episode", "valueString": alert.episode})
    return found
