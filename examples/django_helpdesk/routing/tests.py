"""The twelve ways in which the help desk changes a ticket, each with the desk and rows in step."""

from __future__ import annotations

import json
import logging
from typing import Any

from django.contrib.auth import get_user_model
from django.core import mail
from django.db import transaction
from django.test import Client, TestCase, TransactionTestCase
from helpdesk.email import extract_email_metadata
from helpdesk.models import FollowUp, Queue, Ticket

from ticketroute import Metric
from ticketroute.django import desks
from ticketroute.events import Cause, TicketAssigned, TicketReleased

logging.getLogger("helpdesk").setLevel(logging.CRITICAL)
OPEN = (Ticket.OPEN_STATUS, Ticket.REOPENED_STATUS)


class Office:
    """Two agents, of whom Ana is available, and a queue."""

    client: Client

    def open_office(self) -> None:
        """Make the people and the queue."""
        users = get_user_model().objects
        self.ana, self.ben = (
            users.create_user(name, f"{name}@example.org", is_staff=True) for name in ("ana", "ben")
        )
        self.queue = Queue.objects.create(
            title="Support", slug="support", allow_public_submission=True, email_address="s@e.org"
        )
        self.desk = desks["default"]
        self.binding = self.desk.bindings[0]
        self.binding.sync_staff()
        self.client.force_login(self.ana)
        self.client.request = self.committed(self.client.request)
        self.available(self.ana)

    def committed(self, request: Any) -> Any:
        """Run what comes after a commit after each request, also within a TestCase."""
        capture = getattr(self, "captureOnCommitCallbacks", None)
        if capture is None:
            return request

        def requested(**asked: Any) -> Any:
            with capture(execute=True):
                return request(**asked)

        return requested

    def available(self, user: Any, presence: str = "available") -> None:
        """Switch the presence in the navigation."""
        client = Client()
        client.force_login(user)
        assert client.post("/presence/", {"presence": presence}).status_code == 302

    def submit(self, title: str = "No sound", **facts: Any) -> Ticket:
        """Submit a ticket by the form of the staff."""
        form = {"queue": self.queue.pk, "title": title, "body": "Help", "priority": 3}
        response = self.client.post("/tickets/submit/", {**form, **facts})
        assert response.status_code == 302, response.context["form"].errors
        return Ticket.objects.get(title=title)

    def update(self, ticket: Ticket, **facts: Any) -> None:
        """Answer the form below a ticket."""
        ticket.refresh_from_db()
        form = {
            "comment": "",
            "public": "1",
            "new_status": ticket.status,
            "title": ticket.title,
            "queue": ticket.queue_id,
            "priority": ticket.priority,
            "owner": ticket.assigned_to_id or 0,
        }
        response = self.client.post(f"/tickets/{ticket.pk}/update/", {**form, **facts})
        assert response.status_code == 302, response.status_code

    def in_step(self) -> None:
        """Fail unless the desk and the rows are equal."""
        found, _ = self.binding.sync(fix=False)
        assert not found, found
        for row in Ticket.objects.filter(status__in=OPEN, merged_to=None):
            view = self.desk.ticket(str(row.pk))
            assert view.agent_id == (
                None if row.assigned_to_id is None else str(row.assigned_to_id)
            )

    def owner(self, ticket: Ticket) -> str | None:
        """Return the owner in the row."""
        ticket.refresh_from_db()
        return None if ticket.assigned_to is None else ticket.assigned_to.get_username()

    def told(self, kind: type) -> list[Any]:
        """Return the events of a kind."""
        return [entry.event for entry in self.desk.events() if isinstance(entry.event, kind)]


class WaysIn(Office, TestCase):
    """Tickets come in."""

    def setUp(self) -> None:
        self.open_office()

    def test_by_the_form_of_the_staff(self) -> None:
        ticket = self.submit()
        self.assertEqual(self.owner(ticket), "ana")
        self.in_step()
        notes = FollowUp.objects.filter(ticket=ticket, title__contains="by routing")
        self.assertEqual([note.public for note in notes], [False])
        self.assertIn("ana@example.org", {to for each in mail.outbox for to in each.to})

    def test_by_the_form_of_the_staff_with_an_owner(self) -> None:
        ticket = self.submit(assigned_to=self.ben.pk)
        self.assertEqual(self.owner(ticket), "ben")
        self.assertEqual(len(self.told(TicketAssigned)), 1)
        self.in_step()

    def test_by_the_public_form(self) -> None:
        form = {"queue": self.queue.pk, "title": "Public", "body": "Help", "priority": 3}
        visitor = Client()
        visitor.request = self.committed(visitor.request)
        response = visitor.post("/tickets/submit/", {**form, "submitter_email": "r@example.org"})
        self.assertEqual(response.status_code, 302)
        ticket = Ticket.objects.get(title="Public")
        self.assertEqual(self.owner(ticket), "ana")
        self.in_step()

    def test_by_the_api(self) -> None:
        body = {"queue": self.queue.pk, "title": "By API", "description": "Help", "priority": 2}
        body |= {"status": 1, "assigned_to": "", "submitter_email": "r@example.org"}
        response = self.client.post("/api/tickets/", json.dumps(body), "application/json")
        self.assertEqual(response.status_code, 201, response.content)
        self.assertEqual(self.owner(Ticket.objects.get(title="By API")), "ana")
        self.in_step()

    def test_by_mail_and_a_reply_by_mail(self) -> None:
        message = "From: r@example.org\nSubject: By mail\nMessage-ID: <1@example.org>\n\nHelp\n"
        with self.captureOnCommitCallbacks(execute=True), transaction.atomic():
            extract_email_metadata(message, self.queue, logging.getLogger("helpdesk"))
        ticket = Ticket.objects.get(title="By mail")
        self.assertEqual(self.owner(ticket), "ana")
        self.update(ticket, new_status=Ticket.CLOSED_STATUS)
        self.in_step()
        reply = message.replace("By mail", f"Re: [{ticket.queue.slug}-{ticket.pk}] By mail")
        with self.captureOnCommitCallbacks(execute=True), transaction.atomic():
            extract_email_metadata(
                reply.replace("<1@", "<2@"), self.queue, logging.getLogger("helpdesk")
            )
        self.assertEqual(Ticket.objects.get(pk=ticket.pk).status, Ticket.REOPENED_STATUS)
        self.in_step()

    def test_the_next_ticket_waits_and_comes_when_one_is_closed(self) -> None:
        tickets = [self.submit(f"T{number}") for number in range(4)]
        self.assertEqual([self.owner(each) for each in tickets], ["ana", "ana", "ana", None])
        mail.outbox.clear()
        self.client.force_login(self.ben)
        self.update(tickets[0], new_status=Ticket.CLOSED_STATUS)
        self.assertEqual(self.owner(tickets[3]), "ana")
        self.assertIn("ana@example.org", {to for each in mail.outbox for to in each.to})
        self.in_step()


class WaysOn(Office, TestCase):
    """Tickets change."""

    def setUp(self) -> None:
        self.open_office()
        self.available(self.ben)
        self.ticket = self.submit(submitter_email="r@example.org")
        self.first = self.owner(self.ticket)
        self.other = self.ben if self.first == "ana" else self.ana

    def tearDown(self) -> None:
        self.in_step()

    def test_reassigned_by_hand(self) -> None:
        self.update(self.ticket, owner=self.other.pk)
        self.assertEqual(self.owner(self.ticket), self.other.get_username())

    def test_unassigned_by_hand_goes_to_somebody_else(self) -> None:
        self.update(self.ticket, owner=0)
        self.assertEqual(self.owner(self.ticket), self.other.get_username())

    def test_taken(self) -> None:
        self.client.force_login(self.other)
        self.client.get(f"/tickets/{self.ticket.pk}/?take")
        self.assertEqual(self.owner(self.ticket), self.other.get_username())

    def test_held_and_unheld(self) -> None:
        self.client.get(f"/tickets/{self.ticket.pk}/hold/")
        self.assertEqual(self.desk.ticket(str(self.ticket.pk)).state.value, "parked")
        self.in_step()
        self.client.get(f"/tickets/{self.ticket.pk}/unhold/")
        self.assertEqual(self.desk.ticket(str(self.ticket.pk)).state.value, "assigned")

    def test_resolved_and_reopened(self) -> None:
        self.update(self.ticket, new_status=Ticket.RESOLVED_STATUS)
        self.assertEqual(self.desk.ticket(str(self.ticket.pk)).state.value, "done")
        self.in_step()
        self.update(self.ticket, new_status=Ticket.REOPENED_STATUS)
        self.assertEqual(self.owner(self.ticket), self.first)

    def test_moved_on_the_board(self) -> None:
        address = f"/tickets/{self.ticket.pk}/kanban-update/"
        for status in (Ticket.CLOSED_STATUS, Ticket.REOPENED_STATUS):
            body = json.dumps({"status": status})
            response = self.client.post(address, body, "application/json")
            self.assertEqual(response.status_code, 200, response.content)
            self.in_step()

    def test_changed_by_the_api(self) -> None:
        body = json.dumps({"assigned_to": self.other.pk, "priority": 1})
        address = f"/api/tickets/{self.ticket.pk}/"
        response = self.client.patch(address, body, "application/json")
        self.assertEqual(response.status_code, 200, response.content)
        self.assertEqual(self.desk.ticket(str(self.ticket.pk)).priority.name, "URGENT")

    def test_assigned_unassigned_and_closed_in_bulk(self) -> None:
        more = [self.ticket, self.submit("T2")]
        ids = [each.pk for each in more]
        for action in (f"assign_{self.other.pk}", "unassign", "close"):
            self.client.post("/tickets/update/", {"ticket_id": ids, "action": action})
            self.in_step()
        self.assertEqual({each.state.value for each in self.desk.tickets()}, {"done"})

    def test_merged(self) -> None:
        into = self.submit("T2", submitter_email="r@example.org")
        query = f"?tickets={self.ticket.pk}&tickets={into.pk}"
        form = {"chosen_ticket": into.pk}
        response = self.client.post(f"/tickets/merge{query}", form)
        self.assertEqual(response.status_code, 302)
        self.assertEqual(self.desk.ticket(str(self.ticket.pk)).merged_into, str(into.pk))

    def test_deleted(self) -> None:
        self.client.post(f"/tickets/{self.ticket.pk}/delete/")
        self.assertFalse(Ticket.objects.filter(pk=self.ticket.pk).exists())
        self.assertEqual(self.desk.ticket(str(self.ticket.pk)).state.value, "done")

    def test_edited_to_another_queue(self) -> None:
        other = Queue.objects.create(title="Sales", slug="sales")
        self.update(self.ticket, queue=other.pk)
        self.assertEqual(self.desk.ticket(str(self.ticket.pk)).queue_id, f"q{other.pk}")


class TheRest(Office, TestCase):
    """What is not a change by the help desk's own pages."""

    def setUp(self) -> None:
        self.open_office()

    def test_a_stale_save_does_not_take_the_owner_away(self) -> None:
        self.available(self.ana, "away")
        ticket = self.submit()
        stale = Ticket.objects.get(pk=ticket.pk)
        self.available(self.ana)
        self.assertEqual(self.owner(ticket), "ana")
        stale.title = "Renamed"
        stale.save()
        self.assertEqual((self.owner(ticket), ticket.title), ("ana", "Renamed"))
        self.assertEqual(self.told(TicketReleased), [])
        self.in_step()

    def test_an_instance_that_was_refreshed_does_not_keep_its_owner_either(self) -> None:
        self.available(self.ana, "away")
        ticket = self.submit()
        stale = Ticket.objects.get(pk=ticket.pk)
        self.available(self.ana)
        stale.refresh_from_db()
        self.assertEqual(stale.assigned_to, self.ana)
        self.desk.transfer(str(ticket.pk), to_agent=str(self.ben.pk), force=True)
        stale.title = "Renamed"
        stale.save()
        self.assertEqual((self.owner(ticket), ticket.title), ("ben", "Renamed"))
        self.in_step()

    def test_the_due_date_is_that_of_the_clock_until_a_person_sets_one(self) -> None:
        ticket = self.submit()
        ticket.refresh_from_db()
        clock = self.desk.clock(str(ticket.pk), Metric.RESOLUTION)
        self.assertEqual(int(ticket.due_date.timestamp() * 1000), clock.due)
        self.update(ticket, due_date="2030-01-02 10:00")
        ticket.refresh_from_db()
        self.assertEqual(ticket.due_date.year, 2030)
        self.client.get(f"/tickets/{ticket.pk}/hold/")
        self.client.get(f"/tickets/{ticket.pk}/unhold/")
        ticket.refresh_from_db()
        self.assertEqual(ticket.due_date.year, 2030)
        self.in_step()

    def test_an_answer_ends_the_clock_of_the_first_response_and_nothing_before_it(self) -> None:
        ticket = self.submit()

        def state() -> str:
            return self.desk.clock(str(ticket.pk), Metric.FIRST_RESPONSE).state.value

        self.assertEqual(state(), "running")
        self.update(ticket, comment="Is it plugged in?")
        self.assertEqual(state(), "met")

    def test_the_page_says_why(self) -> None:
        ticket = self.submit()
        page = self.client.get(f"/tickets/{ticket.pk}/").content.decode()
        self.assertIn("Why ana", page)
        self.assertIn("asked first by average_load", page)
        self.assertIn("You are available.", page)

    def test_a_user_who_leaves_gives_their_tickets_to_others(self) -> None:
        ticket = self.submit()
        self.available(self.ben)
        with self.captureOnCommitCallbacks(execute=True):
            self.ana.is_active = False
            self.ana.save()
        self.assertEqual(self.owner(ticket), "ben")

    def test_sync_finds_and_mends_what_passed_every_signal(self) -> None:
        tickets = [self.submit(f"T{number}") for number in range(20)]
        pks = [each.pk for each in tickets]
        Ticket.objects.filter(pk__in=pks[:10]).update(assigned_to=self.ben)
        Ticket.objects.filter(pk__in=pks[10:]).update(status=Ticket.CLOSED_STATUS)
        new = [Ticket(title=f"B{number}", queue=self.queue, priority=3) for number in range(5)]
        Ticket.objects.bulk_create(new)
        found, _ = self.binding.sync(fix=False)
        self.assertEqual(len(found), 25)
        found, left = self.binding.sync(fix=True)
        self.assertEqual((len(found), left), (25, []))
        self.in_step()
        self.assertEqual(self.binding.sync(fix=True), ([], []))

    def test_open_tickets_are_taken_over_with_their_owners(self) -> None:
        owners = (self.ana, self.ben)
        rows = [
            Ticket(title=f"T{n}", queue=self.queue, priority=3, assigned_to=owners[n % 2])
            for n in range(500)
        ]
        Ticket.objects.bulk_create(rows)
        turns = self.desk.agent(str(self.ana.pk)).load
        with self.captureOnCommitCallbacks(execute=True):
            found, left = self.binding.sync(fix=True)
        self.assertEqual((len(found), left, turns), (500, [], 0))
        assigned = self.told(TicketAssigned)
        self.assertEqual({event.cause for event in assigned}, {Cause.ADOPTED})
        self.assertEqual(len(assigned), 500)
        self.assertEqual(sum(event.exceeded is not None for event in assigned), 500 - 3)
        self.assertEqual(self.told(TicketReleased), [])
        self.assertEqual((FollowUp.objects.count(), len(mail.outbox)), (0, 0))
        self.in_step()


class BoomError(Exception):
    """What a view dies of."""


class Rollback(Office, TransactionTestCase):
    """Transactions that are given up."""

    def setUp(self) -> None:
        self.open_office()

    def test_a_view_that_dies_takes_its_ticket_and_event_with_it(self) -> None:
        before = len(list(self.desk.events()))
        with self.assertRaises(BoomError), transaction.atomic():
            Ticket.objects.create(title="Gone", queue=self.queue, priority=3)
            raise BoomError
        self.assertEqual(self.desk.tickets(), ())
        self.assertEqual(len(list(self.desk.events())), before)
        self.submit("Next")
        self.in_step()

    def test_a_savepoint_that_is_given_up(self) -> None:
        with transaction.atomic():
            Ticket.objects.create(title="T1", queue=self.queue, priority=3)
            with self.assertRaises(BoomError), transaction.atomic():
                Ticket.objects.create(title="T2", queue=self.queue, priority=3)
                raise BoomError
            Ticket.objects.create(title="T3", queue=self.queue, priority=3)
        self.assertEqual(len(self.desk.tickets()), 2)
        self.in_step()
