"""Exit codes, and the error of a command line that has to be mended."""

from __future__ import annotations

import click

USAGE_OR_INPUT = 2  # exit code: the command line or a file has to be mended
OTHER = 1  # exit code: anything else went wrong
INTERRUPTED = 130  # exit code: 128 + SIGINT, as shells report Ctrl-C


class InputError(click.ClickException):
    """An option, a file, or a value in it, that cannot be used; it names the way out."""

    exit_code = USAGE_OR_INPUT
