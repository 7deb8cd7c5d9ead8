"""The tables of a journal as models that can be read and not written."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.db import models

READ_ONLY = "the journal is written by commands of a desk alone; give one, such as desk.resolve()"


class ReadOnlyError(TypeError):
    """Something tried to write to the journal through its models."""

    def __init__(self) -> None:
        super().__init__(READ_ONLY)


class ReadOnlyQuerySet(models.QuerySet[Any]):
    """A query set that only reads."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise ReadOnlyError

    create = update = delete = bulk_create = bulk_update = get_or_create = update_or_create = (
        _refuse
    )


class ReadOnly(models.Model):
    """The base of the models: neither saved nor deleted."""

    objects = models.Manager.from_queryset(ReadOnlyQuerySet)()

    class Meta:
        """Not a table."""

        abstract = True
        default_permissions = ("view",)

    def save(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse."""
        raise ReadOnlyError

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse."""
        raise ReadOnlyError


class SchemaVersion(ReadOnly):
    """The version of the tables."""

    version = models.IntegerField(primary_key=True)

    class Meta(ReadOnly.Meta):
        """One row."""

        db_table = "ticketroute_schema_version"


class Desk(ReadOnly):
    """A desk: up to which event its journal goes, and when time changes something next."""

    desk = models.TextField(primary_key=True)
    head = models.BigIntegerField()
    format = models.IntegerField()
    next_due = models.BigIntegerField(null=True)
    snapshot = models.BigIntegerField()

    class Meta(ReadOnly.Meta):
        """A row for each desk."""

        db_table = "ticketroute_desk"
        verbose_name = "desk"
        ordering: ClassVar[list[str]] = ["desk"]

    def __str__(self) -> str:
        return str(self.desk)


class Event(ReadOnly):
    """An event of a desk, at a position that counts from 1."""

    pk = models.CompositePrimaryKey("desk", "position")
    desk = models.TextField()
    position = models.BigIntegerField()
    token = models.BigIntegerField()
    at = models.BigIntegerField()
    kind = models.TextField()
    version = models.IntegerField()
    crc = models.IntegerField()
    payload = models.TextField()

    class Meta(ReadOnly.Meta):
        """Rows in order."""

        db_table = "ticketroute_event"
        ordering: ClassVar[list[str]] = ["desk", "position"]

    def __str__(self) -> str:
        return f"{self.position} {self.kind}"


class Command(ReadOnly):
    """The first result of a command that was given under a key."""

    pk = models.CompositePrimaryKey("desk", "key")
    desk = models.TextField()
    key = models.TextField()
    digest = models.BinaryField()
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    at = models.BigIntegerField()

    class Meta(ReadOnly.Meta):
        """A row for each key."""

        db_table = "ticketroute_command"


class Forgotten(ReadOnly):
    """A ticket that the desk has forgotten, so that its id does not come again."""

    pk = models.CompositePrimaryKey("desk", "ticket")
    desk = models.TextField()
    ticket = models.TextField()

    class Meta(ReadOnly.Meta):
        """A row for each ticket."""

        db_table = "ticketroute_forgotten"


class Consumer(ReadOnly):
    """How far a named consumer is."""

    pk = models.CompositePrimaryKey("desk", "name")
    desk = models.TextField()
    name = models.TextField()
    position = models.BigIntegerField()
    token = models.BigIntegerField()

    class Meta(ReadOnly.Meta):
        """A row for each consumer."""

        db_table = "ticketroute_consumer"


class Snapshot(ReadOnly):
    """A part of a snapshot, from which a desk is opened."""

    pk = models.CompositePrimaryKey("desk", "head", "part")
    desk = models.TextField()
    head = models.BigIntegerField()
    part = models.IntegerField()
    format = models.IntegerField()
    crc = models.IntegerField()
    payload = models.TextField()

    class Meta(ReadOnly.Meta):
        """Rows of the latest snapshot."""

        db_table = "ticketroute_snapshot"
