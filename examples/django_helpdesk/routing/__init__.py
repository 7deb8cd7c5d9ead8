"""Routing of the help desk's tickets."""
