"""The fields that a row of a log can hold, and the names that their columns usually have."""

from __future__ import annotations

from attrs import field, frozen

from ticketroute.logs.words import plain


@frozen
class Field:
    """Something a row can hold.

    ``usual`` are the names of its columns, the preferred one first. They are compared by
    :func:`~ticketroute.logs.words.plain`. With ``all_count``, every usual column that a file has
    is taken, and the first that is not empty counts in a row.
    """

    name: str
    usual: tuple[str, ...]
    says: str
    needed: bool = False
    all_count: bool = False
    plain_names: tuple[str, ...] = field(init=False)

    @plain_names.default
    def _plain_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(plain(name) for name in self.usual))


_IDS = (
    "ticket_id", "ticket_number", "ticket", "ticket_no", "case_id", "case_number", "incident_id",
    "incident_number", "request_id", "contact_id", "issue_key", "work_item_key", "id", "number",
    "key",
    "unique_key", "conversation_id", "interaction_id", "call_id", "call_number", "sr_number",
    "issue_id", "reference", "code", "no",
)  # fmt: skip
_ARRIVALS = (
    "arrived", "arrived_at", "opened_at", "created_at", "opened", "created", "created_time",
    "date_created", "created_date", "create_date", "creation_date", "created_on", "opened_on",
    "date_opened", "open_time", "opened_time", "opening_date", "created_date_time",
    "date_time_opened", "reported_at", "submitted_at", "submit_date", "requested_at",
    "received_at", "sys_created_on", "arrival_time", "enqueue_timestamp", "initiation_timestamp",
    "ticket_created_timestamp", "created_timestamp", "creation_time", "create_time",
    "request_time", "start_time", "timestamp",
)  # fmt: skip
_ENDINGS = (  # what resolves a ticket before what closes it
    "ended", "ended_at", "resolved_at", "solved_at", "resolved_time", "resolution_date",
    "resolved_date", "date_resolved", "resolved_on", "resolve_time", "last_resolved_date",
    "ticket_solved_timestamp", "resolved_timestamp", "resolved", "solved", "completed_at",
    "completed_time", "completed_date", "completed_on", "finished_at", "closed_at", "closed_time",
    "closed_date", "date_closed", "close_date", "closed_on", "close_time", "closing_date",
    "closed_date_time", "date_time_closed", "ticket_closed_time", "closed_timestamp", "closed",
    "disconnect_timestamp", "end_time",
)  # fmt: skip
_QUEUES = (
    "queue", "queue_name", "department", "group", "assignment_group", "assigned_group", "team",
    "support_group", "group_name", "team_assigned", "project_name", "project",
    "agency", "responsible_agency", "operator_group", "owned_by_team", "ticket_group",
    "assigned_to_technician_group", "assigned_team", "skill_group",
    "agent_group", "group_id",
)  # fmt: skip
_AGENTS = (
    "agent", "assignee", "assigned_to", "owner", "agent_assigned", "assigned_agent", "agent_name",
    "agent_username", "technician", "assignee_name",
    "ticket_owner", "case_owner", "operator", "owned_by", "assigned_to_technician", "handler",
    "responsible", "assignee_id", "agent_id",
)  # fmt: skip
_PRIORITIES = ("priority", "ticket_priority", "priority_name", "severity", "urgency")
_CHANNELS = (
    "channel", "ticket_channel", "contact_type", "via", "source", "case_origin", "origin",
    "via_channel",
)  # fmt: skip

TICKET_FIELDS = (
    Field("id", _IDS, "Names the ticket, once in the file.", needed=True),
    Field("arrived", _ARRIVALS, "When the ticket came in.", needed=True),
    Field("ended", _ENDINGS, "When it was resolved; empty: never.", all_count=True),
    Field("queue", _QUEUES, "Its queue; empty: see --queue."),
    Field("agent", _AGENTS, "The agent who worked it: the roster, without --agents."),
    Field("priority", _PRIORITIES, "A level, a number or a word; see --priority."),
    Field("channel", _CHANNELS, "email, chat, call, or a word of yours."),
    Field("skills", ("skills", "skill"), "What it asks for: `spanish:5; billing`."),
    Field(
        "requester", ("requester", "caller", "caller_id", "reporter"), "The person who opened it."
    ),
    Field("weight", ("weight",), "Multiplies what it costs; default 1."),
)

EVENT_FIELDS = (
    Field(
        "case",
        ("case", "case_id", "case:concept:name", "case_concept_name", *_IDS),
        "Names the ticket; one row for each event.",
        needed=True,
    ),
    Field(
        "activity",
        (
            "activity", "event", "incident_activity_type", "concept:name", "state", "status",
            "incident_state", "activity_name", "event_type", "action",
        ),
        "What happened, or the new state; see --activity.",
        needed=True,
    ),
    Field(
        "time",
        (
            "time", "timestamp", "time:timestamp", "complete_timestamp", "updated_at",
            "sys_updated_at", "sys_updated_on", "event_time", "date_stamp",
            "change_date_time", "occurred_at", "at", "date", "start_timestamp", *_ARRIVALS,
        ),
        "When it happened.",
        needed=True,
    ),
    Field(
        "group",
        (
            "org:group", "org_group", "involved_st", *_QUEUES,
        ),
        "The queue that the ticket was in; empty: no change.",
    ),
    Field(
        "resource",
        ("resource", "org:resource", "org_resource", "user", "owner_first_name", *_AGENTS),
        "The agent who had the ticket: the roster, without --agents.",
    ),
    Field("priority", ("case_priority", "sr_latest_impact", *_PRIORITIES), "Of the ticket."),
    Field(
        "arrived",
        ("arrived", "arrived_at", "opened_at", "opened", "created_at"),
        "When the ticket came in; without it: its first event.",
    ),
    Field(
        "ended",
        ("ended", "ended_at", "resolved_at", "solved_at", "closed_at"),
        "When it ended; without it: the event that resolved it.",
        all_count=True,
    ),
    Field("channel", _CHANNELS, "email, chat, call, or a word of yours."),
)  # fmt: skip

AGENT_FIELDS = (
    Field(
        "id", ("agent", "id", "agent_id", "agent_name", "name"), "Names the agent, once.",
        needed=True,
    ),
    Field("queues", ("queues", "queue", "group", "team"), "`mail; chat`; empty: every queue."),
    Field("capacity", ("capacity",), "Units held at once; empty: --capacity."),
    Field("skills", ("skills", "skill"), "`spanish:5; billing`."),
    Field("channels", ("channels", "channel"), "`chat; call`; empty: every channel."),
    Field("priority", ("priority", "tier"), "1 is asked first, 100 last; default 50."),
)  # fmt: skip
