"""The ward: the backend that hospital and municipality share. Imports no driver, uplink or gateway."""
