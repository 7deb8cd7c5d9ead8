"""Decides: reads the state and yields the events that follow; changes nothing."""
