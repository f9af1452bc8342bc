"""The hub's own page, for the patient and whoever helps."""
