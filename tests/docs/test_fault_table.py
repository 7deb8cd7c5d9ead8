"""Each line of the fault table of *What survives what* has tests, which are named here."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "what-survives-what.md"

SQLALCHEMY = "../sqlalchemy/test_engine"
TESTS = {
    "refused command": [
        "test_desk::test_a_refused_command_changes_nothing",
        "test_desk::test_what_time_did_before_a_refused_command_is_kept",
    ],
    "stale `expected_version`": [
        "test_faults::test_a_stale_version_is_refused_and_nothing_is_written"
    ],
    "desk locked longer than `wait`": [
        "test_faults::test_a_desk_that_is_locked_for_longer_than_wait_is_busy"
    ],
    "connection cut before the commit; backend killed; idle in transaction too long": [
        "test_cuts::test_a_command_cut_anywhere_is_done_exactly_once",
        "test_cuts::test_a_killed_backend_is_replaced",
        "test_faults::test_a_transaction_that_idled_too_long_is_tried_again",
        "test_faults::test_a_database_that_is_down_is_unreachable_and_comes_back",
    ],
    "connection cut during the commit": [
        "test_cuts::test_a_command_cut_anywhere_is_done_exactly_once",
        "test_faults::test_a_lost_commit_is_looked_for_and_tried_again",
        "test_faults::test_a_lost_commit_is_found_although_others_appended_behind_it",
    ],
    "the same, and no other connection can be had": [
        "test_faults::test_a_lost_commit_that_nobody_can_be_asked_about_is_unknown"
    ],
    "the same in a `together` block that was not committed": [
        "test_cuts::test_several_commands_in_one_transaction_are_done_once_or_not_at_all"
    ],
    "process killed, at any instant": [
        "test_processes::test_killed_processes_lose_nothing_and_do_nothing_twice",
        "test_processes::test_a_process_that_dies_at_a_mark_leaves_all_of_a_command_or_nothing",
    ],
    "host rolls back, also to a savepoint": [
        "test_inside::test_a_rollback_of_the_host_needs_no_hook",
        "test_inside::test_a_savepoint_that_is_given_up_takes_its_commands_with_it",
    ],
    "host at REPEATABLE READ or SERIALIZABLE that saw an older state": [
        "test_inside::test_a_transaction_of_repeatable_read_that_came_late_is_refused"
    ],
    "host's connection in autocommit, or to another database": [
        "test_inside::test_a_connection_in_autocommit_is_refused_at_once",
        "test_inside::test_a_connection_to_another_database_is_refused",
    ],
    "host's transaction on PostgreSQL in which a statement failed, also if the error was caught": [
        f"{SQLALCHEMY}::test_an_error_that_was_caught_loses_rows_and_tickets_and_refuses_commands"
    ],
    "SQLite transaction of the host that read before it locked": [
        "test_inside::test_sqlite_that_read_before_it_locked_is_refused_in_words"
    ],
    "failover or restore to an older state": [
        "test_faults::test_a_journal_that_was_set_back_is_said_once_and_worked_on"
    ],
    "disk full, read-only, no permission": [
        "test_faults::test_a_full_disk_is_said_and_the_memory_is_what_is_on_disk",
        "test_faults::test_a_file_that_may_only_be_read_can_be_read",
        "test_faults::test_a_role_that_may_not_create_tables_is_told_what_to_do",
    ],
    "torn file": ["test_faults::test_a_torn_file_is_said"],
    "a changed or missing row": [
        "test_faults::test_a_changed_row_is_found_and_named",
        "test_faults::test_a_missing_row_is_found_and_named",
    ],
    "an event, a version, a field or a fold of a later release": [
        "test_faults::test_what_a_newer_release_made_is_left_alone",
        "test_faults::test_a_newer_event_stops_a_desk_before_it_decides",
    ],
    "unknown name of a desk": [
        "test_faults::test_a_wrong_name_is_refused_with_the_names_there_are"
    ],
    "a directory, another file, no such database, tables of a later release": [
        "test_faults::test_what_is_no_database_is_refused_and_left_alone",
        "test_faults::test_a_database_that_is_not_there_is_refused",
        "test_faults::test_what_a_newer_release_made_is_left_alone",
    ],
    "clock behind the desk by less than an hour": [
        "test_desk::test_a_clock_that_goes_back_a_little_stands_still_and_a_lot_is_refused"
    ],
    "clock further behind": [
        "test_desk::test_a_clock_that_goes_back_a_little_stands_still_and_a_lot_is_refused"
    ],
    "the host's permits or random source raise": [
        "test_faults::test_permits_that_fail_leave_the_desk_as_the_journal_has_it"
    ],
    "a subscriber raises": [
        "test_desk::test_subscribers_are_told_in_order_and_their_faults_are_their_own"
    ],
    "fork": ["test_desk::test_a_child_process_uses_a_connection_of_its_own"],
    "a caller of asyncio is cancelled": [
        "test_desk::test_a_caller_who_is_cancelled_leaves_the_desk_whole"
    ],
}


def faults() -> list[str]:
    """Return the first cell of each line of the table."""
    lines = PAGE.read_text(encoding="utf-8").split("## Every fault")[1].splitlines()
    cells = [line.split("|")[1].strip() for line in lines if line.startswith("| ")]
    return cells[2:]


def test_each_fault_that_the_page_names_has_tests_and_the_other_way_round() -> None:
    assert faults() == list(TESTS)


@pytest.mark.parametrize("fault", TESTS)
def test_the_tests_of_a_fault_are_there(fault: str) -> None:
    for named in TESTS[fault]:
        module, _, name = named.partition("::")
        tree = ast.parse((ROOT / "tests" / "desk" / f"{module}.py").read_text(encoding="utf-8"))
        assert name in {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}
