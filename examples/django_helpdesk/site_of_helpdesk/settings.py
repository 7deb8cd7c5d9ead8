"""Settings of a help desk that routes its tickets.

DATABASE_URL names a PostgreSQL as postgresql://user@/name?host=/socket/folder; without it an SQLite
file beside the project is used. SECRET_KEY and MAIL are for tests and for production alike.
"""

import os
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("HELPDESK_DATA", BASE_DIR))

SECRET_KEY = os.environ.get("SECRET_KEY", "an example's key, " + "not for production " * 3)
DEBUG = os.environ.get("DEBUG") == "1"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.sites",
    "django.contrib.humanize",
    "ticketroute.django",
    "routing",  # before helpdesk: its templates extend those of the same name
    "helpdesk",
    "rest_framework",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "ticketroute.django.actor.ActorMiddleware",
]
ROOT_URLCONF = "site_of_helpdesk.urls"
WSGI_APPLICATION = "site_of_helpdesk.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "routing.context.presence",
            ]
        },
    }
]


def database() -> dict[str, object]:
    """Return the settings of the database."""
    address = os.environ.get("DATABASE_URL")
    if not address:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "db.sqlite3",
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
        }
    parts = urlsplit(address)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": parts.username,
        "HOST": parts.hostname or parse_qs(parts.query)["host"][0],
    }


DATABASES = {"default": {**database(), "ATOMIC_REQUESTS": True}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SITE_ID = 1
LOGIN_URL, LOGIN_REDIRECT_URL = "/login/", "/dashboard/"
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
MEDIA_ROOT = DATA_DIR / "media"
USE_TZ = True
EMAIL_BACKEND = os.environ.get("MAIL", "django.core.mail.backends.locmem.EmailBackend")

if os.environ.get("HTTPS") == "1":  # behind a server that speaks HTTPS
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_SSL_REDIRECT = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

HELPDESK_TEAMS_MODE_ENABLED = False
HELPDESK_PUBLIC_ENABLED = True

TICKETROUTE = {
    "default": {"BINDINGS": [os.environ.get("BINDING", "routing.binding.HelpdeskBinding")]}
}
