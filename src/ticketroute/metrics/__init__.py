"""Figures of desks for Prometheus; it needs the extra ``metrics``.

>>> from prometheus_client import CollectorRegistry
>>> from ticketroute.desk import Desk
>>> registry = CollectorRegistry()
>>> registry.register(DeskCollector(Desk()))
>>> registry.get_sample_value("ticketroute_up", {"desk": "main"})
1
"""

from __future__ import annotations

from importlib.resources import files

from ticketroute.metrics.collector import DeskCollector as DeskCollector

__all__ = ["DeskCollector", "alert_rules", "dashboard"]


def dashboard() -> str:
    """Return a dashboard for Grafana as JSON, to import there."""
    return (files("ticketroute.metrics") / "files" / "dashboard.json").read_text(encoding="utf-8")


def alert_rules() -> str:
    """Return alert rules for Prometheus as YAML, to name under ``rule_files``."""
    return (files("ticketroute.metrics") / "files" / "alerts.yml").read_text(encoding="utf-8")
