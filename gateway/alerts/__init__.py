"""Deciding when somebody must be told. Pure: plan, state and reading in; new state and changes out."""
