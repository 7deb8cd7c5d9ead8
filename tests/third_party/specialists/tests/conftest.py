from ticketroute.testing import profiles

profiles.load()
