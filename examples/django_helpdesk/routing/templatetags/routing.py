"""What the ticket page shows of the desk."""

from typing import Any

from django import template
from django.contrib.auth import get_user_model
from helpdesk.models import Queue, Ticket

from ticketroute.django import desks
from ticketroute.errors import UnknownTicketError

register = template.Library()


@register.inclusion_tag("routing/why.html")
def why(ticket: Ticket) -> dict[str, Any]:
    """Show why the ticket is with its agent, or why it waits, and what keeps the others from it."""
    try:
        with desks["default"].shown() as desk:
            explanation = desk.explain(str(ticket.pk))
    except UnknownTicketError:
        return {}
    return {"why": explanation.to_data(_names())}


def _names() -> dict[str, str]:
    users = get_user_model().objects.filter(is_staff=True).values_list("pk", "username")
    names = {str(pk): name for pk, name in users}
    names |= {f"q{pk}": title for pk, title in Queue.objects.values_list("pk", "title")}
    return names
