"""Settings that every test of the suite shares."""

from ticketroute.testing import profiles

collect_ignore = ["seeded/seed_bugs.py"]  # for people to run; it imports what lies beside it

profiles.load()
