"""Random transactions on two connections of Django, committed and given up; told by exit code.

Run as ``python interleave.py URL SEED STEPS``. Every so often the memory of each connection has to
equal the fold of the journal, and the rows have to be those of the desk.
"""

from __future__ import annotations

import random
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

import django
from django.conf import settings


def configure(address: str) -> None:
    database: dict[str, Any] = {"ENGINE": "django.db.backends.sqlite3", "NAME": address}
    database["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": 20}
    if address.startswith("postgresql"):
        parts = urlsplit(address)
        database = {"ENGINE": "django.db.backends.postgresql", "NAME": parts.path[1:]}
        database |= {"USER": parts.username, "HOST": parse_qs(parts.query)["host"][0]}
    other = {**database, "NAME": f"{address}-other"} if "sqlite" in database["ENGINE"] else None
    databases = {"default": {**database, "ATOMIC_REQUESTS": True}}
    if other is not None:
        databases["other"] = {**other, "ATOMIC_REQUESTS": True}
    desk: dict[str, Any] = {"BINDINGS": []}
    settings.configure(
        DATABASES=databases,
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "ticketroute.django",
        ],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        TICKETROUTE={
            "default": desk,
            "second": {**desk, "NAME": "second", "DATABASE": "other" if other else "default"},
        },
    )
    django.setup()


class GivenUpError(Exception):
    """What a transaction is given up for."""


class Play:
    """Two connections, each in a thread of its own, that do one thing after the other."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311  to have it again
        self.threads = [ThreadPoolExecutor(1) for _ in range(2)]
        self.count = 0

    def new(self) -> str:
        self.count += 1
        return f"t{self.count}"

    def step(self) -> None:
        with suppress(GivenUpError):
            self.chance.choice(self.threads).submit(self.transaction).result()

    def transaction(self) -> None:
        from django.db import transaction  # noqa: PLC0415  after configure

        with transaction.atomic():
            for _ in range(self.chance.randint(1, 3)):
                if self.chance.random() < 0.3:
                    with suppress(GivenUpError), transaction.atomic():
                        self.command()
                        self.maybe_give_up()
                else:
                    self.command()
            self.maybe_give_up()

    def maybe_give_up(self) -> None:
        if self.chance.random() < 0.4:
            raise GivenUpError

    def command(self) -> None:
        from django.contrib.auth.models import Group  # noqa: PLC0415  after configure

        from ticketroute import Ticket  # noqa: PLC0415
        from ticketroute.django import desks  # noqa: PLC0415
        from ticketroute.errors import TicketRouteError  # noqa: PLC0415

        desk = desks["default"]
        if self.chance.random() < 0.6:
            name = self.new()
            Group.objects.create(name=name)  # a row of the host, to vanish with its ticket
            desk.submit(Ticket(id=name, queue="mail"))
        else:
            with suppress(TicketRouteError):
                desk.resolve(f"t{self.chance.randint(1, max(1, self.count))}")

    def judge(self) -> None:
        for thread in self.threads:
            thread.submit(judge).result()


def judge() -> None:
    """Fail unless this connection knows what the journal says, and rows are as tickets."""
    from django.contrib.auth.models import Group  # noqa: PLC0415  after configure

    from ticketroute import Dispatcher  # noqa: PLC0415
    from ticketroute.django import desks  # noqa: PLC0415

    desk = desks["default"]
    entries = list(desk.events())
    assert [each.position for each in entries] == list(range(1, len(entries) + 1))
    fold = Dispatcher()
    fold.follow(each.event for each in entries)
    with desk.shown() as shown:
        assert shown._memory.fold.dispatcher.same_state(fold)
        tickets = {each.id for each in shown.tickets()}
    assert tickets == set(Group.objects.values_list("name", flat=True))


def main() -> None:
    address, seed, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    configure(address)
    from django.core.management import call_command  # noqa: PLC0415  after configure

    from ticketroute import Agent, Queue, Ticket  # noqa: PLC0415
    from ticketroute.django import desks  # noqa: PLC0415

    for alias in settings.DATABASES:
        call_command("migrate", database=alias, verbosity=0)
    for alias in desks:
        desks[alias].add_agent(Agent(id="ana", capacity=9), presence="available")
        desks[alias].add_queue(Queue(id="mail", members=["ana"]))
    play = Play(seed)
    for number in range(steps):
        play.step()
        if number % 25 == 24:
            play.judge()
    play.judge()
    assert len(desks["second"].tickets()) == 0
    desks["second"].submit(Ticket(id="t1", queue="mail"))
    assert desks["second"].ticket("t1").agent_id == "ana"
    print(len(list(desks["default"].events())), "events")  # noqa: T201  told to the test


if __name__ == "__main__":
    main()
