"""Applies events to the state: the only code that changes it."""
