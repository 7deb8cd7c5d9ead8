"""Strategies: the order in which eligible agents get tickets."""
