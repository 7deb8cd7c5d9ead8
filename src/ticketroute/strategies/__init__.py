"""Strategies: in which order the eligible agents are asked."""
