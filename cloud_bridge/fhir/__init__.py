"""The ward's FHIR R4: what a home's log says, as plain dicts that are ready to be JSON."""
