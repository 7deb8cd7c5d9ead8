"""Figures that are computed from events alone."""
