"""Strategies: in which order the eligible agents are asked."""

from ticketroute.strategies.registry import names, register

__all__ = ["names", "register"]
