"""Every error message of policies, word for word."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from ticketroute.errors import InvalidValueError, shown
from ticketroute.model.events import Author
from ticketroute.model.ids import PolicyId
from ticketroute.model.lifecycle import Status
from ticketroute.sla.policy import Escalation, Metric, Policy, Target

# Ends of messages that several cases share.
MAPPING = "it must be a mapping of names to values"
NOT_DONE = "it must be a Status in which the ticket is not done"
SEVERAL = "it must be several values, such as a list"


def level(**facts: Any) -> Escalation:
    return Escalation(**facts)


def target(**facts: Any) -> Target:
    return Target(**({"within": 60_000} | facts))


def policy(**facts: Any) -> Policy:
    return Policy(**({"id": PolicyId("gold"), "targets": {}} | facts))


class Unread(Mapping[Any, Any]):
    def __getitem__(self, key: object) -> object:
        raise ValueError("the file is closed")

    def __iter__(self) -> Iterator[object]:
        return iter("a")

    def __len__(self) -> int:
        return 1

    def __repr__(self) -> str:
        return "Unread()"


REFUSED: list[tuple[str, Callable[[], object]]] = [
    (
        "Escalation.offset is 1.5; it must be a whole number from -316224000000 to 316224000000",
        lambda: level(offset=1.5),
    ),
    ("Escalation.notify is 5; it must be a string", lambda: level(notify=5)),
    (
        (
            "Escalation.priority is 1; it must be of type TicketPriority: one of "
            "TicketPriority.URGENT, TicketPriority.HIGH, TicketPriority.NORMAL, TicketPriority.LOW"
        ),
        lambda: level(priority=1),
    ),
    ("Escalation.move_to is 5; it must be a string", lambda: level(move_to=5)),
    (f"Escalation.lower is ['sql']; {MAPPING}", lambda: level(lower=["sql"])),
    ("a skill in Escalation.lower is 5; it must be a string", lambda: level(lower={5: 1})),
    (f"Escalation.drop is 'sql'; {SEVERAL}", lambda: level(drop="sql")),
    ("a skill in Escalation.drop is 5; it must be a string", lambda: level(drop=["sql", 5])),
    ("Escalation.reassign is 1; it must be True or False", lambda: level(reassign=1)),
    (
        "Target.within[URGENT] is '1h'; it must be a whole number from 1 to 316224000000",
        lambda: target(within="1h"),
    ),
    (
        "Target.within is {}; it must be a span, or a span for some priorities",
        lambda: target(within={}),
    ),
    (
        "a priority in Target.within is 'high'; it must be a TicketPriority",
        lambda: target(within={"high": 5}),
    ),
    (f"Target.within is Unread(); {MAPPING}", lambda: target(within=Unread())),
    ("Target.calendar is 5; it must be a string", lambda: target(calendar=5)),
    (f"Target.pauses is 'pending'; {SEVERAL}", lambda: target(pauses="pending")),
    (
        f"a status in Target.pauses is 'pending'; {NOT_DONE}",
        lambda: target(pauses=["waiting", "pending", Status.PENDING]),
    ),
    (
        f"a status in Target.pauses is <Status.RESOLVED: 'resolved'>; {NOT_DONE}",
        lambda: target(pauses=[Status.RESOLVED]),
    ),
    (
        f"a status in Target.pauses is <Status.CLOSED: 'closed'>; {NOT_DONE}",
        lambda: target(pauses=[Status.CLOSED]),
    ),
    (f"Target.warnings is 50; {SEVERAL}", lambda: target(warnings=50)),
    (
        "a share in Target.warnings is 0.5; it must be a whole number from 1 to 100",
        lambda: target(warnings=[50, 0.5]),
    ),
    (f"Target.escalations is 5; {SEVERAL}", lambda: target(escalations=5)),
    (
        "a level in Target.escalations is 5; it must be an Escalation",
        lambda: target(escalations=[level(), 5]),
    ),
    (
        "the number of levels in Target.escalations is 101; it must be at most 100",
        lambda: target(escalations=[level()] * 101),
    ),
    (
        "Target.escalations is [5, 4]; it must be in order of their offsets",
        lambda: target(escalations=[level(offset=5), level(offset=4)]),
    ),
    (
        (
            "Escalation.offset is -60001; it must be at least -60000, which is the start of the "
            "shortest target"
        ),
        lambda: target(escalations=[level(offset=-60_001)]),
    ),
    (f"Target.contacts is 'agent'; {SEVERAL}", lambda: target(contacts="agent")),
    (
        "Target.contacts is []; it must be Author.AGENT, Author.REQUESTER or both",
        lambda: target(contacts=[]),
    ),
    (
        (
            "Target.contacts is ['Author.AGENT', 'Author.NOTE']; it must be Author.AGENT, "
            "Author.REQUESTER or both"
        ),
        lambda: target(contacts=[Author.NOTE, Author.AGENT]),
    ),
    ("Target.per_queue is 1; it must be True or False", lambda: target(per_queue=1)),
    ("Policy.id is 5; it must be a string", lambda: policy(id=5)),
    (f"Policy.targets is ['resolution']; {MAPPING}", lambda: policy(targets=["resolution"])),
    (
        "a metric in Policy.targets is 'resolution'; it must be a Metric",
        lambda: policy(targets={"resolution": target()}),
    ),
    (
        "Policy.targets[resolution] is 60000; it must be a Target",
        lambda: policy(targets={Metric.RESOLUTION: 60_000}),
    ),
    (f"Policy.queues is 'mail'; {SEVERAL}", lambda: policy(queues="mail")),
    (f"Policy.channels is 'chat'; {SEVERAL}", lambda: policy(channels="chat")),
    (f"Policy.tags is 'vip'; {SEVERAL}", lambda: policy(tags="vip")),
    ("one of Policy.queues is 5; it must be a string", lambda: policy(queues=["mail", 5])),
    (
        "one of Policy.channels is ''; it must be 1 to 200 characters long",
        lambda: policy(channels=[""]),
    ),
    (
        "one of Policy.tags is ' vip'; it must be printable characters with no blank at either end",
        lambda: policy(tags=[" vip"]),
    ),
    ("Policy.calendar is 5; it must be a string", lambda: policy(calendar=5)),
    (
        (
            "Policy.changes is 'from_now'; it must be of type ChangeRule: one of "
            "ChangeRule.RETROACTIVE, ChangeRule.FROM_NOW, ChangeRule.KEEP_STRICTEST"
        ),
        lambda: policy(changes="from_now"),
    ),
    (
        (
            "Policy.reopening is 'resume'; it must be of type ReopenRule: one of "
            "ReopenRule.RESUME, ReopenRule.NEW_CYCLE"
        ),
        lambda: policy(reopening="resume"),
    ),
]


@pytest.mark.parametrize(
    ("text", "wrong"), REFUSED, ids=[text.partition(" is ")[0] for text, _ in REFUSED]
)
def test_an_invalid_value_is_refused_with_this_message(
    text: str, wrong: Callable[[], object]
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        wrong()
    fault = caught.value
    assert str(fault) == text
    assert text == f"{fault.thing} is {shown(fault.value)}; it must be {fault.allowed}"
