"""The app that stands between django-helpdesk and the desk."""

from django.apps import AppConfig


class RoutingConfig(AppConfig):
    """The app ``routing``."""

    name = "routing"

    def ready(self) -> None:
        """Connect what is not a matter of the ticket's own row."""
        from routing import replies  # noqa: F401, PLC0415  connects its signals
