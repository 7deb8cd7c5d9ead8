"""Strategies: the order in which eligible agents get tickets."""

from ticketroute.strategies.contract import Key, Member, Strategy
from ticketroute.strategies.ranked import Ranked
from ticketroute.strategies.registry import names, register

__all__ = ["Key", "Member", "Ranked", "Strategy", "names", "register"]
