#!/usr/bin/env bash
# Finding: refresh_from_db() sends post_init for an instance that the caller never sees.
#
# Package: Django 5.2.19.
# Input: one row, loaded; another process changes it; refresh_from_db() on the instance.
# Expected: whoever notes in post_init what an instance was loaded with, to tell later what was
#   changed on it, is told of the refresh for this instance, or not at all.
# Found: the signal comes, with another instance of the same row; the refreshed one keeps the note of
#   its first loading, so that what the database changed looks like a change of the caller's.
# What to do: note it in an overridden refresh_from_db() as well.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "django==5.2.19" 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db.models.signals import post_init

call_command("migrate", verbosity=0)
told = []


def note(sender, instance, **_):
    told.append(instance)
    instance.loaded = instance.name


post_init.connect(note, sender=Group)
Group.objects.create(name="before")
group = Group.objects.get()
Group.objects.update(name="after")
told.clear()
group.refresh_from_db()
signals, same = len(told), any(each is group for each in told)
print(f"Django {django.__version__}: refresh_from_db() sent post_init {signals} time, "
      f"for the refreshed instance: {same}")
print(f"the instance has {group.name!r}, and its note says it was loaded as {group.loaded!r}")
if (signals, same, group.name, group.loaded) != (1, False, "after", "before"):
    sys.exit("changed: the refreshed instance is told, or nobody is")
PYTHON
