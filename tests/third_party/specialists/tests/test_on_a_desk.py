from hypothesis import strategies as st

from ticketroute.testing import DeskMachine, DispatcherContract, World


class TestDesks(DispatcherContract):
    strategy = "specialists_first"


class Machine(DeskMachine):
    world = World(queues={"strategy": st.just("specialists_first")})


TestMachine = Machine.TestCase
