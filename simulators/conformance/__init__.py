"""The conformance kit: numbered checks that any driver and its twin must pass, ours and a stranger's."""
