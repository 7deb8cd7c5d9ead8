"""The journal in the admin, read only: each desk with its latest events."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from ticketroute.django.models import Desk, Event
from ticketroute.model.instants import datetime_of

LATEST = 100  # events that the page of a desk shows


@admin.register(Desk)
class DeskAdmin(admin.ModelAdmin):
    """Shows desks; nothing can be added, changed or deleted."""

    list_display: ClassVar[tuple[str, ...]] = ("desk", "head", "next_deadline", "snapshot")
    fields: ClassVar[tuple[str, ...]] = ("desk", "head", "next_deadline", "snapshot", "latest")
    readonly_fields = fields

    def has_add_permission(self, request: Any) -> bool:
        """Return False."""
        return False

    def has_change_permission(self, request: Any, obj: Desk | None = None) -> bool:
        """Return False."""
        return False

    def has_delete_permission(self, request: Any, obj: Desk | None = None) -> bool:
        """Return False."""
        return False

    @admin.display(description="next deadline")
    def next_deadline(self, desk: Desk) -> str:
        """Return when time changes something next."""
        due = desk.next_due
        return "none" if due is None else f"{datetime_of(due):%Y-%m-%d %H:%M:%S} UTC"

    @admin.display(description=f"latest {LATEST} events")
    def latest(self, desk: Desk) -> SafeString:
        """Return the latest events as a table, the newest first."""
        events = Event.objects.using(desk._state.db).filter(desk=desk.desk)
        rows = (
            (each.position, f"{datetime_of(each.at):%Y-%m-%d %H:%M:%S}", each.kind, each.payload)
            for each in events.order_by("-position")[:LATEST]
        )
        cells = "<tr><td>{}</td><td>{}</td><td>{}</td><td><code>{}</code></td></tr>"
        body = format_html_join("", cells, rows)
        head = "<tr><th>position</th><th>at (UTC)</th><th>event</th><th>content</th></tr>"
        return format_html(
            "<table><thead>{}</thead><tbody>{}</tbody></table>", SafeString(head), body
        )
