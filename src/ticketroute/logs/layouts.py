"""The layouts of well-known help desks: their columns, scales and words.

Sources: the export pages of each product's documentation; ServiceNow's dictionary of the table
``incident``; Amazon Connect administrator guide, "Contact records data model"; Asterisk
documentation, "Queue Logs"; IEEE 1849 (XES).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import evolve, field, frozen

from ticketroute.logs import queue_log
from ticketroute.logs.faults import LogError, nearest_first
from ticketroute.logs.sheets import Kind
from ticketroute.logs.words import plain
from ticketroute.model.ticket import CALL, CHAT, EMAIL, FORM, SOCIAL, Channel, TicketPriority

_CHANNEL_WORDS = {
    EMAIL: "mail email incomingemail outboundemail",
    CALL: "phone call voice telephone phonecall phonecallinbound",
    CHAT: "chat messaging livechat virtualagent nativemessaging",
    FORM: "form web webform portal selfservice other api website helpwidget feedbackwidget",
    SOCIAL: "social twitter facebook instagram whatsapp x",
}
CHANNEL_OF: Mapping[str, Channel] = {
    word: channel for channel, words in _CHANNEL_WORDS.items() for word in words.split()
}


@frozen(kw_only=True)
class Layout:
    """How one product writes a log.

    ``columns`` are the candidates of each field: the first that the file has, and all of them for
    a field of ``all_count``. A header that has all names of one of ``marks`` is of this layout.
    """

    name: str
    title: str
    aliases: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]]
    marks: tuple[tuple[str, ...], ...] = ()
    kind: Kind = Kind.CSV
    events: bool = False
    all_count: frozenset[str] = frozenset({"ended"})
    priorities: Mapping[str, TicketPriority] = field(factory=dict)
    steps: Mapping[str, str] = field(factory=dict)  # activity -> name of a step
    date_format: str | None = None
    capacity: int | None = None  # of an agent, where nothing else tells
    channel: Channel | None = None  # of every ticket
    empty: tuple[str, ...] = ()
    of_calls: bool = False  # rows of no call are those of members, and cases need an arrival

    def fits(self, header: frozenset[str]) -> int:
        """Return how many names of a header, as :func:`plain` gives them, mark this layout."""
        found = [len(marks) for marks in self.marks if all(plain(each) in header for each in marks)]
        return max(found, default=0)


_QUEUE_LOG = Layout(
    name="queue_log",
    aliases=("asterisk", "asterisk_queue_log"),
    title="Asterisk, queue_log",
    kind=Kind.QUEUE_LOG,
    events=True,
    columns={
        "case": ("callid",),
        "activity": ("event",),
        "time": ("time",),
        "group": ("queuename",),
        "resource": ("agent",),
    },
    steps=queue_log.STEPS,
    capacity=1,
    channel=CALL,
    empty=(queue_log.NOTHING,),
    of_calls=True,
)

LAYOUTS = (
    Layout(
        name="zendesk",
        title="Zendesk, CSV export of tickets",
        marks=(
            ("Summation column", "Id", "Created at"),
            ("Id", "Requester", "Assignee", "Group", "Created at", "Solved at"),
        ),
        columns={
            "id": ("Id", "Ticket ID"),
            "arrived": ("Created at",),
            "ended": ("Solved at",),
            "queue": ("Group",),
            "agent": ("Assignee",),
            "priority": ("Priority",),
            "channel": ("Via", "Channel"),
            "requester": ("Requester",),
        },
    ),
    Layout(
        name="jira",
        aliases=("jira_service_management", "jsm"),
        title="Jira and Jira Service Management, CSV export of issues",
        marks=(
            ("Issue key", "Issue Type"),
            ("Issue key", "Created"),
            ("Key", "Issue Type", "Created"),
            ("Work item key", "Created"),
        ),
        columns={
            "id": ("Issue key", "Work item key", "Key"),
            "arrived": ("Created",),
            "ended": ("Resolved", "Resolution date"),
            "queue": ("Project name", "Project", "Project key"),
            "agent": ("Assignee",),
            "priority": ("Priority",),
            "requester": ("Reporter", "Creator"),
        },
    ),
    Layout(
        name="servicenow",
        title="ServiceNow, list export of incidents",
        marks=(
            ("number", "opened_at"),
            ("Number", "Opened", "Assignment group"),
            ("Number", "Opened", "Assigned to"),
            ("number", "sys_created_on"),
            ("Number", "Created", "Assignment group"),
        ),
        columns={
            "id": ("number",),
            "arrived": ("opened_at", "opened", "sys_created_on", "created"),
            "ended": ("resolved_at", "resolved", "closed_at", "closed"),
            "queue": ("assignment_group",),
            "agent": ("assigned_to",),
            "priority": ("priority",),
            "channel": ("contact_type", "channel"),
            "requester": ("caller_id", "caller"),
        },
    ),
    Layout(
        name="freshdesk",
        aliases=("freshservice",),
        title="Freshdesk and Freshservice, CSV export of tickets",
        marks=(("Ticket ID", "Created time"), ("Ticket ID", "Resolved time")),
        columns={
            "id": ("Ticket ID",),
            "arrived": ("Created time",),
            "ended": ("Resolved time", "Closed time"),
            "queue": ("Group",),
            "agent": ("Agent",),
            "priority": ("Priority",),
            "channel": ("Source",),
            "requester": ("Requester name", "Full name", "Requester email", "Email"),
        },
        # As the API numbers them; the words of the export speak for themselves.
        priorities={
            "1": TicketPriority.LOW,
            "2": TicketPriority.NORMAL,
            "3": TicketPriority.HIGH,
            "4": TicketPriority.URGENT,
        },
    ),
    Layout(
        name="osticket",
        title="osTicket, CSV export of tickets",
        marks=(
            ("Ticket Number", "Date Created"),
            ("Ticket Number", "Agent Assigned"),
            ("Ticket Number", "Help Topic"),
        ),
        columns={
            "id": ("Ticket Number",),
            "arrived": ("Date Created", "Created"),
            "ended": ("Closed Date", "Date Closed"),
            "queue": ("Department",),
            "agent": ("Agent Assigned", "Closed By", "Assigned To"),
            "priority": ("Priority",),
            "channel": ("Source",),
            "requester": ("From", "From Email", "User"),
        },
    ),
    Layout(
        name="amazon_connect",
        aliases=("connect",),
        title="Amazon Connect, contact records",
        marks=(
            ("ContactId", "InitiationTimestamp"),
            ("ContactId", "Queue.EnqueueTimestamp"),
            ("ContactId", "InitiationMethod"),
        ),
        columns={
            "id": ("ContactId",),
            "arrived": (
                "Queue.EnqueueTimestamp",
                "QueueInfo.EnqueueTimestamp",
                "EnqueueTimestamp",
                "InitiationTimestamp",
            ),
            "ended": ("DisconnectTimestamp",),
            "queue": (
                "Queue.Name", "QueueInfo.Name", "QueueName", "Queue", "Queue.Id", "Queue.ARN",
            ),
            "agent": (
                "Agent.Username", "AgentUsername", "AgentName", "Agent", "Agent.Id", "Agent.ARN",
            ),
            "channel": ("Channel",),
        },
        all_count=frozenset({"arrived", "ended"}),
        capacity=1,  # calls; a desk of chats names another
    ),
    _QUEUE_LOG,
    evolve(
        _QUEUE_LOG,
        name="queue_log_table",
        aliases=(),
        title="Asterisk, queue_log kept in a database",
        kind=Kind.CSV,
        marks=(("callid", "queuename", "event"),),
        columns={**_QUEUE_LOG.columns, "time": ("time", "created")},
    ),
    Layout(
        name="xes",
        title="XES, event log of process mining",
        kind=Kind.XES,
        events=True,
        columns={
            "case": ("case:concept:name",),
            "activity": ("concept:name", "lifecycle:transition"),
            "time": ("time:timestamp",),
            "group": (
                "org:group", "group", "assignment_group", "assignment group", "involved_st",
                "support_section", "case:group", "org:role",
            ),
            "resource": ("org:resource", "resource", "assigned_to"),
            "priority": ("priority", "case:priority", "impact", "case:impact", "urgency"),
        },
        all_count=frozenset({"activity", "group"}),
        empty=("EMPTY", "UNDEFINED", "MISSING"),
    ),
    Layout(
        name="vinst",
        aliases=("bpi_challenge_2013",),
        title="Volvo IT, VINST event log",
        events=True,
        marks=(("SR Number", "Change Date+Time", "Status"),),
        columns={
            "case": ("SR Number",),
            "activity": ("Status", "Sub Status"),
            "time": ("Change Date+Time",),
            "group": ("Involved ST",),
            "resource": ("Owner First Name",),
            "priority": ("SR Latest Impact",),
        },
        all_count=frozenset({"activity"}),
    ),
)  # fmt: skip
LAYOUT_NAMES = tuple(layout.name for layout in LAYOUTS)


def layout_named(name: str) -> Layout:
    """Return the layout called ``name``.

    Raises:
        LogError: if there is none.
    """
    for layout in LAYOUTS:
        if plain(name) in map(plain, (layout.name, *layout.aliases)):
            return layout
    raise LogError(
        f"--layout is {name!r}; layouts are: {', '.join(nearest_first(name, LAYOUT_NAMES))}"
    )


def recognised(header: Iterable[str], kind: Kind, *, events: bool) -> Layout | None:
    """Return the layout that a header belongs to, or None where that is not clear."""
    names = frozenset(map(plain, header))
    found: list[tuple[int, Layout]] = []
    for layout in LAYOUTS:
        if layout.kind is not kind or layout.events != events:
            continue
        if kind is not Kind.CSV:
            return layout
        if fits := layout.fits(names):
            found.append((fits, layout))
    if not found:
        return None
    best = max(fits for fits, _ in found)
    layouts = [layout for fits, layout in found if fits == best]
    return layouts[0] if len(layouts) == 1 else None
