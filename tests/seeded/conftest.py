"""The script is for people to run, and imports what lies beside it."""

collect_ignore = ["seed_bugs.py"]
