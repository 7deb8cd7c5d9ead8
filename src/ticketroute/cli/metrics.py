"""``ticketroute metrics``: figures of a kept desk for Prometheus."""

from __future__ import annotations

from threading import Event

import click

from ticketroute.cli.faults import InputError

NEEDED = {"prometheus_client"}  # what the extra `metrics` brings
HOW_TO_INSTALL = (
    "metrics need the package prometheus-client, which is not installed; "
    "install it with: pip install 'ticketroute[metrics]'"
)


@click.command(name="metrics")
@click.argument("address", required=False)
@click.option("--desk", "names", multiple=True, help="Name of a desk; may be repeated.")
@click.option("--listen", metavar="HOST:PORT", help="Serve the figures, as 127.0.0.1:9414.")
@click.option("--dashboard", is_flag=True, help="Print a dashboard for Grafana, and nothing else.")
@click.option("--alerts", is_flag=True, help="Print alert rules, and nothing else.")
def metrics(
    *, address: str | None, names: tuple[str, ...], listen: str | None, dashboard: bool,
    alerts: bool,
) -> None:  # fmt: skip
    r"""Print the figures of a kept desk in the format of Prometheus, or serve them.

    ADDRESS is a path of an SQLite file, or postgresql://...; the desk must exist, and is only read.

    \b
    Examples:
      ticketroute metrics desk.db
      ticketroute metrics desk.db --listen 127.0.0.1:9414
      ticketroute metrics --alerts > alerts.yml
    """
    try:
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415

        from ticketroute import metrics as figures  # noqa: PLC0415
    except ModuleNotFoundError as fault:
        if (fault.name or "").partition(".")[0] not in NEEDED:
            raise
        raise InputError(HOW_TO_INSTALL) from fault
    if dashboard or alerts:
        click.echo(figures.dashboard() if dashboard else figures.alert_rules(), nl=False)
        return
    if address is None:
        raise click.UsageError("Missing argument 'ADDRESS'.")
    from ticketroute.desk import Desk  # noqa: PLC0415

    where = None if listen is None else _place(listen)
    desks = {name: Desk.open(address, name, create=False) for name in names or ("main",)}
    registry = CollectorRegistry()
    registry.register(figures.DeskCollector(desks))
    if where is None:
        click.echo(generate_latest(registry).decode(), nl=False)
        return
    _serve(registry, *where)


def _serve(registry: object, host: str, port: int) -> None:
    from prometheus_client import start_http_server  # noqa: PLC0415

    try:
        server, _ = start_http_server(port, host, registry)  # type: ignore[arg-type]
    except OSError as fault:
        raise InputError(
            f"cannot listen at {host}, port {port}: {fault.strerror or fault}; "
            "choose another --listen"
        ) from fault
    click.echo(f"Metrics are at http://{host}:{server.server_port}/metrics (Ctrl-C stops it)")
    try:
        Event().wait()
    except KeyboardInterrupt:  # which is how it is stopped
        server.shutdown()


def _place(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise InputError(f"--listen is {listen!r}; it must be HOST:PORT, as 127.0.0.1:9414")
    return host.strip("[]"), int(port)
