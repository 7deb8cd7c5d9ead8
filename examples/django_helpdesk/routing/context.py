"""What every page shows: whether the user gets tickets now."""

from typing import Any

from django.http import HttpRequest

from ticketroute.django import desks
from ticketroute.errors import UnknownAgentError


def presence(request: HttpRequest) -> dict[str, Any]:
    """Return the presence of the user, if they are an agent; looked up if a page shows it."""

    def now() -> str:
        if not request.user.is_authenticated:
            return ""
        try:
            return desks["default"].agent(str(request.user.pk)).presence.value
        except UnknownAgentError:
            return ""

    return {"routing_presence": now}
