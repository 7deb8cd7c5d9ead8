"""Figures from events alone, and from nothing else."""
