"""The app: bindings are connected and checks registered when Django is ready; nothing is asked."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TicketrouteConfig(AppConfig):
    """The app ``ticketroute``."""

    name = "ticketroute.django"
    label = "ticketroute"
    verbose_name = "Ticket routing"

    def ready(self) -> None:
        """Connect the bindings. The database is first asked when a desk is first used."""
        from ticketroute.desk.addresses import ELSEWHERE  # noqa: PLC0415
        from ticketroute.django import checks  # noqa: F401, PLC0415  registers them
        from ticketroute.django.desks import desks  # noqa: PLC0415  models are loaded only now
        from ticketroute.django.journal import AliasLine  # noqa: PLC0415

        ELSEWHERE["django"] = AliasLine.to

        def forget(**_: Any) -> None:
            """Begin anew after a migration or a flush, such as between tests."""
            desks.after_fork()

        desks.connect()
        post_migrate.connect(forget, sender=self, weak=False, dispatch_uid="ticketroute.forget")
