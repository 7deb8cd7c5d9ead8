"""Says what a failed comparison compared: whose figure it is, what is kept, what was computed."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType, TracebackType

WHOSE = ("agent_id", "queue_id", "ticket_id", "demand", "ticket", "queue", "record")


@contextmanager
def told_in_full(module: str) -> Iterator[None]:
    """Turn a bare AssertionError of a module into one that says what was compared.

    The message names the index or counter by its expression, its key by the ids in sight, and both
    values. They are computed once more for it, which is why the comparisons must change nothing.
    """
    try:
        yield
    except AssertionError as failure:
        frame = _frame_in(module, failure.__traceback__)
        if failure.args or frame is None:
            raise
        raise AssertionError(_told(*frame)) from failure


def _frame_in(module: str, trace: TracebackType | None) -> tuple[FrameType, int] | None:
    found = None
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__") == module:
            found = trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next
    return found


def _told(frame: FrameType, line: int) -> str:
    keys = {name: frame.f_locals[name] for name in WHOSE if name in frame.f_locals}
    whose = ", ".join(f"{name} {_short(value)}" for name, value in keys.items())
    failed = _assert_at(frame.f_code, line)
    if failed is None:
        return f"a figure of {whose or 'the desk'} is wrong"
    test = failed.test
    told = f"{whose or 'the desk'}: {ast.unparse(test)}"
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        kept, computed = (_value(each, frame) for each in (test.left, test.comparators[0]))
        name = ast.unparse(test.left)
        told = f"{whose or 'the desk'}: {name} is kept as {kept}; computed again it is {computed}"
    return told


def _assert_at(code: CodeType, line: int) -> ast.Assert | None:
    """Return the assert statement on a line of a source file."""
    tree = ast.parse("".join(linecache.getlines(code.co_filename)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and node.lineno <= line <= (node.end_lineno or line):
            return node
    return None


def _value(node: ast.expr, frame: FrameType) -> str:
    code = compile(ast.Expression(node), frame.f_code.co_filename, "eval")
    names = frame.f_globals | frame.f_locals  # one scope, which comprehensions see as well
    return repr(eval(code, names))  # noqa: S307  our own assert, in its own frame


def _short(value: object) -> str:
    """Return an id, or the id of a record, or else the value."""
    return repr(getattr(value, "id", value))
