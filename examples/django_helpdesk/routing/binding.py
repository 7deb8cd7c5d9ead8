"""How tickets of django-helpdesk read to the desk, and what the desk writes to its history."""

from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import timezone
from helpdesk.lib import safe_template_context
from helpdesk.models import FollowUp, Queue, Ticket

import ticketroute
from ticketroute import Calendar, Metric, Policy, Target, hours
from ticketroute.desk import RowState, Unassigned
from ticketroute.django import Binding
from ticketroute.events import Cause, TicketAssigned

# Automatic assignments: the others are in the help desk's history already.
AUTOMATIC = {Cause.ROUTED, Cause.FREED, Cause.PREFERRED, Cause.LAST_AGENT}
PRIORITIES = {1: "urgent", 2: "high", 3: "normal", 4: "low", 5: "low"}
DONE = {Ticket.RESOLVED_STATUS, Ticket.CLOSED_STATUS, Ticket.DUPLICATE_STATUS}
OFFICE = Calendar(
    zone="Europe/Berlin",
    hours={day: [("09:00", "17:00")] for day in ("mon", "tue", "wed", "thu", "fri")},
)
TICKETS_AT_ONCE = 3  # of an agent


class HelpdeskBinding(Binding):
    """Tickets of django-helpdesk: users of its staff are the agents, its queues the queues."""

    model = "helpdesk.Ticket"
    owner_field = "assigned_to"
    due_field = "due_date"
    staff_models = (settings.AUTH_USER_MODEL, "helpdesk.Queue")
    unassigned = Unassigned.AVOID

    def ticket(self, row: Ticket) -> ticketroute.Ticket:
        """Return what the desk is to know of a ticket."""
        return ticketroute.Ticket(
            id=self.id_of(row.pk),
            queue=f"q{row.queue_id}",
            priority=PRIORITIES.get(row.priority, "normal"),
            requester=row.submitter_email or None,
        )

    def state(self, row: Ticket) -> RowState:
        """Return whether a ticket is open, on hold or done."""
        if row.status in DONE or row.merged_to_id is not None:
            return RowState.DONE
        return RowState.ON_HOLD if row.on_hold else RowState.OPEN

    def merged_into(self, row: Ticket) -> str | None:
        """Return the ticket that this one was merged into."""
        return None if row.merged_to_id is None else self.id_of(row.merged_to_id)

    def agents(self) -> Iterator[ticketroute.Agent]:
        """Return the active users of the staff."""
        users = get_user_model().objects.using(self.desk.alias)
        for user in users.filter(is_staff=True, is_active=True).order_by("pk"):
            yield ticketroute.Agent(
                id=self.agent_of(user.pk), capacity=TICKETS_AT_ONCE, name=user.get_username()
            )

    def queues(self) -> Iterator[ticketroute.Queue]:
        """Return the queues, each with the agents who serve it."""
        members = [agent.id for agent in self.agents()]
        for queue in Queue.objects.using(self.desk.alias).order_by("pk"):
            yield ticketroute.Queue(
                id=f"q{queue.pk}",
                name=queue.title,
                strategy="average_load",
                members=members,
                sla="support",
            )

    def calendars(self) -> dict[str, Calendar]:
        """Return the office hours."""
        return {"office": OFFICE}

    def policies(self) -> list[Policy]:
        """Return what is promised: a first answer within two hours, a solution within eight."""
        within = {Metric.FIRST_RESPONSE: hours(2), Metric.RESOLUTION: hours(8)}
        targets = {metric: Target(within=span) for metric, span in within.items()}
        return [Policy(id="support", calendar="office", targets=targets)]

    def note(self, pk: int, event: TicketAssigned) -> None:
        """Write an automatic assignment to the ticket's history, for the staff alone."""
        if event.cause not in AUTOMATIC:
            return
        user = get_user_model().objects.using(self.desk.alias).get(pk=self.owner_of(event.agent_id))
        note = FollowUp(
            ticket_id=pk,
            date=timezone.now(),
            title=f"Assigned to {user.get_username()} by routing ({event.cause.value})",
            public=False,
        )
        # Not save(), which would save the ticket as well.
        FollowUp.objects.using(self.desk.alias).bulk_create([note])

    def assigned(self, pk: int, event: TicketAssigned, *, is_new: bool) -> None:
        """Send the mail of an assignment, but for a new ticket that its form mails itself."""
        by_form = is_new and self.route_at == "save"
        if event.cause not in AUTOMATIC or by_form:
            return
        ticket = Ticket.objects.using(self.desk.alias).select_related("assigned_to").get(pk=pk)
        owner = ticket.assigned_to
        if owner is not None and owner.usersettings_helpdesk.email_on_ticket_assign:
            context = safe_template_context(ticket)
            ticket.send({"assigned_to": ("assigned_owner", context)}, fail_silently=True)


class LateHelpdeskBinding(HelpdeskBinding):
    """The same, decided when the help desk has sent its mail."""

    route_at = "late"
    done_signals = ("helpdesk.signals.new_ticket_done",)
