"""Compare a strategy of one's own, defined here, with the built-in ones.

Run it with ``python examples/own_strategy.py``; it needs ``pip install 'ticketroute[sim]'``.
"""

from __future__ import annotations

import sys

from ticketroute import Agent, Queue
from ticketroute.model import AgentId, QueueId
from ticketroute.simulation import Exponential, Kind, LogNormal, Poisson, Scenario, Worker, compare
from ticketroute.simulation.answer import answer
from ticketroute.simulation.report import write_report
from ticketroute.strategies.contract import Key, Member
from ticketroute.strategies.ranked import Ranked

# %% A strategy is a key: the agent with the smallest one is asked first.


class SeniorsFirst(Ranked):
    """The agent of the best priority, and among those the one idle for longest."""

    key_names = ("agent priority", "idle since")

    def key(self, member: Member) -> Key:
        """Return the priority of the agent and the instant since when they are idle."""
        return (member.priority, member.idle_since)


# %% A desk: three seniors who need less time, five juniors, chats whose requesters leave.

SENIORS = [
    Worker(agent=Agent(id=AgentId(f"senior-{n}"), capacity=1, priority=10), pace=0.8)
    for n in range(3)
]
JUNIORS = [
    Worker(agent=Agent(id=AgentId(f"junior-{n}"), capacity=1, priority=20), pace=1.3)
    for n in range(5)
]
DESK = Scenario(
    name="chat desk",
    queues=[Queue(id=QueueId("chat"), members=[w.agent.id for w in (*SENIORS, *JUNIORS)])],
    workers=[*SENIORS, *JUNIORS],
    kinds=[
        Kind(
            name="chat",
            queue=QueueId("chat"),
            channel="chat",
            arrivals=Poisson(rate=40),
            handling=LogNormal("8min", cv=1.2),
            patience=Exponential("4min"),
        )
    ],
    length="24h",
    target="60s",
)


# %% The comparison. The guard is for systems that start processes by importing this file.

if __name__ == "__main__":
    comparison = compare(
        DESK,
        ["longest_idle", "random", "seniors_first"],
        own={"seniors_first": SeniorsFirst},
        figure="resolution",
        replications=10,
        workers=2,
    )
    print(answer(comparison))
    for name in comparison.names:
        wait, busy = comparison.interval(name, "wait"), comparison.interval(name, "occupancy")
        print(f"{name:>14}: wait {wait.mean / 1000:5.1f} s, occupancy {100 * busy.mean:4.1f} %")
    for path in sys.argv[1:]:
        write_report(comparison, path)
