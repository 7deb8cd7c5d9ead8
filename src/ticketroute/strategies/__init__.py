"""Strategies: the order in which eligible agents get tickets."""

from ticketroute.strategies.registry import names, register

__all__ = ["names", "register"]
