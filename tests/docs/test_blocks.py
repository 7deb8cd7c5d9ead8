"""Every fenced block of the README and of the docs does what it shows.

CONTRIBUTING.md lists the tags and the comments that a block may carry.
Blocks of Python are run by pytest's doctest collection; this file only checks that it finds them.
"""

import csv
import doctest
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import attrs
import pytest

ROOT = Path(__file__).parents[2]
ONE_PROJECT = ROOT / "docs" / "how-to" / "django.md"  # tests/django/test_howto.py does it whole
FOUND = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [page for page in FOUND if page != ONE_PROJECT]

FENCE = re.compile(r"(?P<indent> *)(?P<marks>`{3,}|~{3,})(?P<tag>.*)")
COMMENT = re.compile(r"<!-- (?P<text>.+) -->")
SHOWN_AS_THEY_ARE = {"text"}
FILES_MAY_BE = {"toml", "csv", "text"}
COMMANDS_OF_THE_README = ("run", "test")
SECONDS_FOR_ONE_COMMAND = 120  # enough for a simulation; a slower command would bore the reader


@attrs.frozen(kw_only=True)
class Block:
    """A fenced block, the line of its opening fence, and the comment right above it."""

    page: Path
    line: int
    tag: str
    comment: str
    lines: list[str]

    @property
    def text(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT).as_posix()}:{self.line}"

    @property
    def file_name(self) -> str | None:
        """The file name of this block in later console blocks of the page, or None."""
        kind, _, name = self.comment.partition(":")
        return name.strip() if kind == "file" else None


def blocks_of(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page; a block within another is part of the other's text."""
    lines = page.read_text(encoding="utf-8").splitlines()
    number = 0
    comment = ""
    while number < len(lines):
        fence = FENCE.fullmatch(lines[number])
        if fence is None:
            if found := COMMENT.fullmatch(lines[number].strip()):
                comment = found["text"]
            elif lines[number].strip():
                comment = ""
            number += 1
            continue
        opened = number
        closing = re.compile(rf" *{fence['marks']}{fence['marks'][0]}* *")
        number += 1
        while number < len(lines) and not closing.fullmatch(lines[number]):
            number += 1
        yield Block(
            page=page,
            line=opened + 1,
            tag=fence["tag"].strip(),
            comment=comment,
            lines=[line.removeprefix(fence["indent"]) for line in lines[opened + 1 : number]],
        )
        comment = ""
        number += 1


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def tagged(*tags: str) -> pytest.MarkDecorator:
    """Run a test for each block with one of these tags, named after the block's file and line."""
    chosen = [block for block in BLOCKS if block.tag in tags]
    return pytest.mark.parametrize("block", chosen, ids=lambda block: block.place)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_every_block_has_a_tag_that_is_checked(block: Block) -> None:
    is_directive = block.tag.startswith("{")  # run by sphinx-build
    is_command = block.tag == "sh" and block.comment in COMMANDS_OF_THE_README  # run by .ci/run
    is_checked_here = block.tag in {"python", "console", "toml", "csv"}

    assert is_directive or is_command or is_checked_here or block.tag in SHOWN_AS_THEY_ARE, (
        f"{block.place}: nothing checks a block tagged {block.tag!r}; "
        "CONTRIBUTING.md lists the tags to choose from"
    )


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if block.file_name], ids=lambda block: block.place
)
def test_a_block_saved_as_a_file_stays_in_its_folder(block: Block) -> None:
    assert block.tag in FILES_MAY_BE, f"{block.place}: a {block.tag} block is not saved as a file"
    path = PurePosixPath(block.file_name or "")
    assert not path.is_absolute(), block.place
    assert ".." not in path.parts, block.place


@tagged("python")
def test_a_python_block_is_a_doctest(block: Block) -> None:
    assert doctest.DocTestParser().get_examples(block.text), (
        f"{block.place}: write the block with >>>, so that it runs"
    )
    assert not block.lines[-1].strip(), (
        f"{block.place}: leave a blank line before the closing fence, "
        "or doctest takes the fence for expected output"
    )


@tagged("toml")
def test_a_toml_block_parses(block: Block) -> None:
    tomllib.loads(block.text)


@tagged("csv")
def test_a_csv_block_has_a_header_and_rows_of_its_length(block: Block) -> None:
    header, *rows = csv.reader(block.lines, strict=True)
    assert all(header), f"{block.place}: a column has no name"
    assert len(set(header)) == len(header), f"{block.place}: two columns share a name"
    assert rows, f"{block.place}: a header without a row shows nothing"
    for row in rows:
        assert len(row) == len(header), f"{block.place}: {row} has not the columns of {header}"


@pytest.mark.parametrize("name", COMMANDS_OF_THE_README)
def test_the_readme_gives_one_command_of_one_line(name: str) -> None:
    found = [block for block in blocks_of(ROOT / "README.md") if block.comment == name]

    assert [len(block.lines) for block in found] == [1]
    assert [block.tag for block in found] == ["sh"]


def commands_of(block: Block) -> Iterator[tuple[str, str]]:
    """Split a console block into commands, each with the output shown below it."""
    assert block.lines, f"{block.place}: an empty console block shows nothing"
    assert block.lines[0].startswith("$ "), f"{block.place}: a console block starts with `$ `"
    command: list[str] = []
    output: list[str] = []
    for line in block.lines:
        if line.startswith("$ "):
            if command:
                yield "\n".join(command), "\n".join(output)
            command, output = [line.removeprefix("$ ")], []
        elif command[-1].endswith("\\") and not output:
            command.append(line)
        else:
            output.append(line)
    yield "\n".join(command), "\n".join(output)


def comparable(output: str) -> str:
    """Return output without trailing blanks and without blank lines at both ends."""
    return "\n".join(line.rstrip() for line in output.strip("\n").splitlines()).strip("\n") + "\n"


def same_output(*, shown: str, real: str) -> bool:
    """Compare output as doctest does, where ``...`` matches any text."""
    return doctest.OutputChecker().check_output(
        comparable(shown), comparable(real), doctest.ELLIPSIS | doctest.DONT_ACCEPT_BLANKLINE
    )


@tagged("console")
def test_a_console_block_runs_and_prints_what_it_shows(block: Block, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    if block.comment == "needs shared":
        shared = ROOT.parent / "shared"
        if not shared.is_dir():
            pytest.skip("no folder `shared` lies beside the repository")
        (tmp_path / "shared").symlink_to(shared)
    for earlier in blocks_of(block.page):
        if earlier.file_name and earlier.line < block.line:
            file = folder / earlier.file_name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(earlier.text, encoding="utf-8")

    scripts = Path(sys.executable).parent  # where `ticketroute` is installed
    environment = {
        **os.environ,
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        # The output must not depend on the terminal in which the tests run.
        "COLUMNS": "100",
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        "PYTHONUTF8": "1",
        "TERM": "dumb",
    }
    for command, shown in commands_of(block):
        result = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            check=False,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS_FOR_ONE_COMMAND,
        )
        assert result.returncode == 0, (
            f"{block.place}: {command!r} exited {result.returncode}:\n{result.stdout}"
        )
        if comparable(shown).strip():
            assert same_output(shown=shown, real=result.stdout), (
                f"{block.place}: {command!r} shows\n{shown}\nand prints\n{result.stdout}"
            )


def test_blocks_are_found_with_their_line_tag_and_comment(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- file: a.toml -->\n\n```toml\na = 1\n```\n\nText.\n\n````text\n```sh\n```\n````\n",
        encoding="utf-8",
    )

    first, second = blocks_of(page)

    assert (first.line, first.tag, first.file_name, first.lines) == (3, "toml", "a.toml", ["a = 1"])
    assert (second.line, second.tag, second.comment) == (9, "text", "")
    assert second.lines == ["```sh", "```"]


def test_a_console_block_splits_into_commands_and_their_outputs() -> None:
    block = Block(
        page=ROOT / "README.md",
        line=1,
        tag="console",
        comment="",
        lines=["$ one \\", "    more", "out", "", "$ two"],
    )

    assert list(commands_of(block)) == [("one \\\n    more", "out\n"), ("two", "")]


def test_shown_output_may_leave_out_a_part_and_nothing_else() -> None:
    assert same_output(shown="took ... s\n", real="took 0.25 s  \n\n")
    assert not same_output(shown="took 1 s", real="took 2 s")
