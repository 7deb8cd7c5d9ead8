from hypothesis import strategies as st

from ticketroute.testing import DeskMachine, DeskPromises, World


class TestPromises(DeskPromises):
    strategy = "specialists_first"


class Machine(DeskMachine):
    world = World(queues={"strategy": st.just("specialists_first")})


TestMachine = Machine.TestCase
