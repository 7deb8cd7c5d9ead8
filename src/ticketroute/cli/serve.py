"""``ticketroute serve``: the board of a kept desk, on a server of its own."""

from __future__ import annotations

import socket
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING

import click

from ticketroute.cli.faults import InputError

if TYPE_CHECKING:
    from uvicorn import Server

NEEDED = {"anyio", "starlette", "uvicorn"}  # what the extra `serve` brings
HOW_TO_INSTALL = (
    "the board needs the package {name!r}, which is not installed; "
    "install it with: pip install 'ticketroute[serve]'"
)
VARIABLE = "TICKETROUTE_TOKEN"
GRACE = 3  # seconds for viewers whose connection hangs, when the server is stopped


@click.command(name="serve")
@click.argument("address")
@click.option("--desk", default="main", show_default=True, help="Name of the desk.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option(
    "--port", default=8014, show_default=True, type=click.IntRange(0, 65_535),
    help="Port to listen at; 0 takes a free one.",
)  # fmt: skip
@click.option(
    "--token", envvar=VARIABLE, show_envvar=True,
    help="Whoever has it may look. Needed for a host that is not this machine.",
)  # fmt: skip
@click.option("--title", default="Board", show_default=True, help="Heading of the page.")
@click.option("--tz", "zone", default="UTC", show_default=True, help="Zone in which a day begins.")
@click.option(
    "--target", default=20.0, show_default=True, type=click.FloatRange(0, 31_536_000),
    help="Seconds within which an answer counts for the service level.",
)  # fmt: skip
def serve(
    *, address: str, desk: str, host: str, port: int, token: str | None, title: str, zone: str,
    target: float,
) -> None:  # fmt: skip
    r"""Show a kept desk on a board in the browser, read-only.

    ADDRESS is a path of an SQLite file, or postgresql://...; the desk must exist. Stop it with
    Ctrl-C.

    \b
    Example:
      ticketroute serve desk.db --title Support --tz Europe/Berlin
    """
    if token is None and not _is_here(host):
        raise InputError(
            f"--host {host} can be reached from other machines; give a --token as well, or set "
            f"{VARIABLE}"
        )
    try:
        import uvicorn  # noqa: PLC0415  only this command needs it

        from ticketroute.desk import Desk  # noqa: PLC0415
        from ticketroute.web.app import board  # noqa: PLC0415
    except ModuleNotFoundError as fault:
        package = (fault.name or "").partition(".")[0]
        if package not in NEEDED:
            raise
        raise InputError(HOW_TO_INSTALL.format(name=package)) from fault
    with Desk.open(address, desk, create=False) as shown:
        app = board(shown, token=token, title=title, zone=zone, target=round(target * 1_000))
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_level="warning",
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE,
        )

        class Server(uvicorn.Server):
            async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
                app.stop()  # the server waits for streams before it stops
                await super().shutdown(sockets)

        _run(Server(config), host, port)


def _run(server: Server, host: str, port: int) -> None:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family)
    except OSError as fault:
        raise InputError(
            f"cannot listen at {host}, port {port}: {fault.strerror or fault}; "
            "choose another --port"
        ) from fault
    with listening:
        shown = f"[{host}]" if ":" in host else host
        click.echo(
            f"The board is at http://{shown}:{listening.getsockname()[1]}/ (Ctrl-C stops it)"
        )
        with suppress(KeyboardInterrupt):  # which is how it is stopped
            server.run(sockets=[listening])


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
