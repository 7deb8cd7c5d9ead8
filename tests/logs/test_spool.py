from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketroute.logs import LogError
from ticketroute.logs.ids import Ids
from ticketroute.logs.spool import BLOCK, Spool


@given(keys=st.lists(st.integers(0, 2**50), max_size=80, unique=True), chunk=st.integers(1, 30))
def test_records_come_out_sorted_and_as_often_as_asked(keys: list[int], chunk: int) -> None:
    spool = Spool(chunk=chunk)
    for key in keys:
        spool.add([key, f"é\ud800{key}", None, ["a", key]])
    expected = [[key, f"é\ud800{key}", None, ["a", key]] for key in sorted(keys)]

    assert len(spool) == len(keys)
    assert [list(record) for record in spool] == expected
    both = zip(spool, spool, strict=True)  # two readers do not disturb each other
    assert all(one == other for one, other in both)
    spool.close()


def test_a_chunk_of_several_blocks_is_read_back_whole() -> None:
    spool = Spool(chunk=BLOCK * 3 + 1)
    for key in reversed(range(BLOCK * 7)):
        spool.add([key])
    assert [key for (key,) in spool] == list(range(BLOCK * 7))
    spool.close()


def test_a_folder_that_cannot_be_written_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    spool = Spool(chunk=1)
    with pytest.raises(LogError, match=r"No space left on device.*TMPDIR"):
        spool.add([1])


@given(st.lists(st.text(max_size=2), max_size=60))
def test_ids_that_came_twice_are_found(names: list[str]) -> None:
    ids = Ids()
    for name in names:
        ids.add(name)
    assert ids.twice() == {hash(name) for name in names if names.count(name) > 1}
