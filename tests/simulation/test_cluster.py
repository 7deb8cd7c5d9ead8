"""A Dask cluster as the executor: the same numbers, also when one of its workers is killed."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from ticketroute.simulation import compare
from ticketroute.simulation.units import HOUR

distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")


MARK = "DIES_ONCE_ON_A_CLUSTER"
# A module of its own: workers import it by its name, which a test's does not have.
DIES_ONCE = f"""
import os, signal
from importlib import import_module
from pathlib import Path
from ticketroute.simulation import Exponential

class DiesOnce(Exponential):
    def at(self, share):
        mark = Path(os.environ["{MARK}"])
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().at(share)
"""


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    (tmp_path / "dies_once.py").write_text(DIES_ONCE)
    monkeypatch.setenv(MARK, str(tmp_path / "mark"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))  # for the workers
    monkeypatch.syspath_prepend(str(tmp_path))
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            host="127.0.0.1",
            local_directory=str(tmp_path),
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def told(comparison: Any) -> str:
    return repr([(each.number, each.warm_up, each.figures) for each in comparison.replications])


@pytest.mark.filterwarnings("ignore")  # what a killed worker leaves behind is the cluster's
def test_a_killed_worker_changes_no_digit(desk: Any, client: Any, tmp_path: Path) -> None:
    strategies = ["longest_idle", "top_down"]
    here = compare(desk(), strategies, replications=6, workers=1)
    dying = desk(kind={"handling": import_module("dies_once").DiesOnce(HOUR)})

    with client.get_executor(pure=False) as executor:
        far = compare(dying, strategies, replications=6, executor=executor)

    assert (tmp_path / "mark").exists()
    assert not far.failures
    assert told(far) == told(here)
