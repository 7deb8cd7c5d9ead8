"""Ticketroute inside a Django project: its journal in the project's database, its rows in step.

Add ``"ticketroute.django"`` to ``INSTALLED_APPS`` and a ``TICKETROUTE`` setting.
``desks["default"]`` is the desk; a :class:`Binding` keeps the tickets of a model in step with it.
"""

from ticketroute.django.binding import Binding as Binding
from ticketroute.django.desks import DjangoDesk as DjangoDesk
from ticketroute.django.desks import desks as desks

__all__ = ["Binding", "DjangoDesk", "desks"]
