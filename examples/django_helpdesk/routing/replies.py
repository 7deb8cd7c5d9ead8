"""Replies in a ticket's history start and end the clocks of responses."""

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from helpdesk.models import FollowUp

from ticketroute.django import desks
from ticketroute.errors import TicketRouteError


@receiver(post_save, sender=FollowUp)
def reply(instance: FollowUp, created: bool = False, raw: bool = False, **_: Any) -> None:  # noqa: FBT001, FBT002  of Django's signals
    """Tell the desk who wrote; the first entry of a history is the ticket itself."""
    wrote = created and not raw and instance.public and instance.comment
    earlier = FollowUp.objects.filter(ticket_id=instance.ticket_id, public=True, pk__lt=instance.pk)
    if not wrote or not earlier.exists():
        return
    author = "requester" if instance.is_from_submitter or instance.user is None else "agent"
    # After the commit: the ticket's row is locked by now, and the desk has to be locked first.
    transaction.on_commit(partial(_tell, str(instance.ticket_id), author), robust=True)


def _tell(ticket_id: str, author: str) -> None:
    try:
        desks["default"].reply(ticket_id, author)
    except TicketRouteError:
        return  # a ticket that the desk does not know, or no longer
