#!/usr/bin/env bash
# Finding: django-helpdesk hands receivers of new_ticket_done a ticket whose priority is a text.
#
# Package: django-helpdesk 2.6.1 with Django 5.2.19.
# Input: its own TicketForm, filled as its page fills it, saved; a receiver of new_ticket_done reads
#   ticket.priority, an IntegerField.
# Expected: the number 2, as the same ticket has it when it is read from the database.
# Found: the text '2', in the signal and in post_save before it: `ticket.priority <= 2` raises TypeError
#   there, and a lookup in a dictionary of numbers finds nothing, for new tickets alone.
# What to do: read the ticket again in such a receiver, or convert.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    "django-helpdesk==2.6.1" "django==5.2.19" 2>/dev/null
cat >"$folder/project.py" <<'PYTHON'
SECRET_KEY = "of a finding"
INSTALLED_APPS = [
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
    "django.contrib.sessions", "django.contrib.messages", "django.contrib.sites",
    "django.contrib.humanize", "helpdesk", "rest_framework",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
ROOT_URLCONF = "addresses"
SITE_ID = 1
USE_TZ = True
HELPDESK_TEAMS_MODE_ENABLED = False
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PYTHON
cat >"$folder/addresses.py" <<'PYTHON'
from django.urls import include, path

urlpatterns = [path("", include("helpdesk.urls", namespace="helpdesk"))]
PYTHON
cat >"$folder/finding.py" <<'PYTHON'
import logging
import sys

import django

django.setup()
logging.disable(logging.CRITICAL)
from django.contrib.auth import get_user_model
from django.core.management import call_command
from helpdesk.forms import TicketForm
from helpdesk.models import Queue, Ticket
from helpdesk.signals import new_ticket_done

call_command("migrate", verbosity=0)
told = []
new_ticket_done.connect(lambda ticket, **_: told.append(ticket.priority), weak=False)
user = get_user_model().objects.create_user("ana", is_staff=True)
queue = Queue.objects.create(title="Support", slug="support")
filled = {"queue": queue.pk, "title": "T", "body": "B", "priority": "2", "assigned_to": ""}
form = TicketForm(data=filled, queue_choices=[(queue.pk, queue.title)])
if not form.is_valid():
    sys.exit(f"the form refuses what its page sends: {form.errors.as_json()}")
form.save(user=user)
stored = Ticket.objects.get().priority
print(f"django-helpdesk 2.6.1: in the signal {told[0]!r}, in the database {stored!r}")
if (told, stored) != (["2"], 2):
    sys.exit("changed: the signal has the number")
PYTHON
cd "$folder"
DJANGO_SETTINGS_MODULE=project PYTHONPATH="$folder" venv/bin/python finding.py
