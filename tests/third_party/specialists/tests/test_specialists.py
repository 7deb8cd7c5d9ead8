from ticketroute.testing import StrategyContract


class TestSpecialists(StrategyContract):
    strategy = "specialists_first"
