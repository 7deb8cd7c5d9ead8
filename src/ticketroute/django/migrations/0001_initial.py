"""The journal's tables, made by the library's own statements, and the models that read them."""

from django.db import migrations, models

from ticketroute.django.schema import CreateJournal


class Migration(migrations.Migration):
    """Create the journal."""

    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[CreateJournal()],
            state_operations=[
                migrations.CreateModel(
                    name="Command",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "desk",
                                "key",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("desk", models.TextField()),
                        ("key", models.TextField()),
                        ("digest", models.BinaryField()),
                        ("first", models.BigIntegerField()),
                        ("last", models.BigIntegerField()),
                        ("at", models.BigIntegerField()),
                    ],
                    options={
                        "db_table": "ticketroute_command",
                        "default_permissions": ("view",),
                    },
                ),
                migrations.CreateModel(
                    name="Consumer",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "desk",
                                "name",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("desk", models.TextField()),
                        ("name", models.TextField()),
                        ("position", models.BigIntegerField()),
                        ("token", models.BigIntegerField()),
                    ],
                    options={
                        "db_table": "ticketroute_consumer",
                        "default_permissions": ("view",),
                    },
                ),
                migrations.CreateModel(
                    name="Desk",
                    fields=[
                        ("desk", models.TextField(primary_key=True, serialize=False)),
                        ("head", models.BigIntegerField()),
                        ("format", models.IntegerField()),
                        ("next_due", models.BigIntegerField(null=True)),
                        ("snapshot", models.BigIntegerField()),
                    ],
                    options={
                        "verbose_name": "desk",
                        "db_table": "ticketroute_desk",
                        "ordering": ["desk"],
                        "default_permissions": ("view",),
                    },
                ),
                migrations.CreateModel(
                    name="Event",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "desk",
                                "position",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("desk", models.TextField()),
                        ("position", models.BigIntegerField()),
                        ("token", models.BigIntegerField()),
                        ("at", models.BigIntegerField()),
                        ("kind", models.TextField()),
                        ("version", models.IntegerField()),
                        ("crc", models.IntegerField()),
                        ("payload", models.TextField()),
                    ],
                    options={
                        "db_table": "ticketroute_event",
                        "ordering": ["desk", "position"],
                        "default_permissions": ("view",),
                    },
                ),
                migrations.CreateModel(
                    name="Forgotten",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "desk",
                                "ticket",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("desk", models.TextField()),
                        ("ticket", models.TextField()),
                    ],
                    options={
                        "db_table": "ticketroute_forgotten",
                        "default_permissions": ("view",),
                    },
                ),
                migrations.CreateModel(
                    name="SchemaVersion",
                    fields=[
                        ("version", models.IntegerField(primary_key=True, serialize=False)),
                    ],
                    options={
                        "db_table": "ticketroute_schema_version",
                        "default_permissions": ("view",),
                    },
                ),
                migrations.CreateModel(
                    name="Snapshot",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "desk",
                                "head",
                                "part",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("desk", models.TextField()),
                        ("head", models.BigIntegerField()),
                        ("part", models.IntegerField()),
                        ("format", models.IntegerField()),
                        ("crc", models.IntegerField()),
                        ("payload", models.TextField()),
                    ],
                    options={
                        "db_table": "ticketroute_snapshot",
                        "default_permissions": ("view",),
                    },
                ),
            ],
        ),
    ]
