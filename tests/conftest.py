"""Settings that every test of the suite shares."""

from ticketroute.testing import profiles

profiles.load()
