"""Fuzzes the command stream: bytes become a history, run on a dispatcher beside the reference."""

import sys
import tempfile
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["ticketroute.core", "ticketroute.strategies"]):
    from hypothesis import HealthCheck, given, settings

    from ticketroute.model import events as ev
    from ticketroute.testing import History, Judge, ReferenceDesk, World, check, histories
    from ticketroute.testing.history import give


@settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(histories(World(service_levels=True)))
def commands(history: History) -> None:
    """Run one history; whatever differs or does not add up is a finding."""
    desk, reference = history.desk(), ReferenceDesk(history.defaults, history.permits)
    judge = Judge(history.defaults, history.permits)
    told: list[ev.Event] = []
    for call in history.calls(desk):
        turn = give(call, desk)
        events = turn.events if turn.refused is None else desk.advance(at=desk.now)
        reference.luck = list(events)
        referred = give(call, reference)
        again = referred.events if turn.refused is None else reference.advance(at=desk.now)
        assert type(referred.refused) is type(turn.refused), history.script()
        assert again == events, history.script()
        judge.take_in(events)
        told.extend(events)
    check(desk)


def corpus() -> str:
    """Return a folder of random bytes, long enough for whole histories: short ones draw nothing."""
    folder, drawn = Path(tempfile.mkdtemp()), Random(0)
    for number in range(64):
        (folder / f"{number}").write_bytes(drawn.randbytes(8_192))
    return str(folder)


if __name__ == "__main__":
    words = [sys.argv[0], "-len_control=0", "-max_len=8192", *sys.argv[1:], corpus()]
    atheris.Setup(words, commands.hypothesis.fuzz_one_input)
    atheris.Fuzz()
