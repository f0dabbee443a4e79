"""The shell blocks of a page, and a shell that runs them one after another, as a reader does."""

import ast
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "programs"
CONFIG, RAW = "configs/model_config.yaml", "data/raw/house_data.csv"
USER, TOKEN = "tester", "a-token-of-the-tests"


@dataclass(frozen=True)
class Block:
    """Some lines of shell.

    Attributes:
        line: where they begin on the page.
        text: what a reader copies.
    """

    line: int
    text: str

    def __str__(self) -> str:
        """Where it stands, and how it begins."""
        return f"line {self.line}: {self.text.splitlines()[0]}"


@dataclass(frozen=True)
class Page:
    """A page with everything on it that is to be typed."""

    page: Path
    blocks: tuple[Block, ...]

    @classmethod
    def of(cls, page: Path) -> Self:
        """Read a page."""
        return cls(page, _blocks(page.read_text()))

    def blocks_starting_with(self, *beginnings: str) -> tuple[Block, ...]:
        """Return the blocks that begin so, in the order of the page."""
        return tuple(block for block in self.blocks if block.text.startswith(beginnings))


def _blocks(text: str) -> tuple[Block, ...]:
    """Return every fenced block, all of which have to be of shell, in order."""
    fences = re.findall(r"^[ >]*```(\S*)", text, re.MULTILINE)
    assert set(fences[::2]) == {"bash"}, fences
    assert set(fences[1::2]) == {""}, fences
    found = re.finditer(r"^```bash\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    every = tuple(Block(text[: one.start()].count("\n") + 2, one[1]) for one in found)
    assert len(every) * 2 == len(fences)
    return every


def template(folder: Path, changed: Mapping[str, str]) -> Path:
    """Return a repository with everything of this checkout that git would take, some files otherwise."""
    tree = folder / "tree"
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_bytes((ROOT / name).read_bytes())
            (tree / name).chmod((ROOT / name).stat().st_mode & 0o777)
    for name, content in changed.items():
        (tree / name).write_text(content)
    who = ["-c", "user.name=A Tester", "-c", "user.email=tester@example.org"]
    for words in (["init", "--quiet", "--initial-branch=main"], ["add", "."], [*who, "commit", "--quiet", "-m", "All"]):
        subprocess.run(["git", "-C", tree, *words], check=True)
    subprocess.run(["git", "clone", "--quiet", "--bare", tree, folder / "template.git"], check=True)
    return folder / "template.git"


@dataclass
class Reader:
    """Somebody who types one block after another into one shell: folder and variables are kept between them.

    Attributes:
        home: where they begin, with nothing in it.
        replacements: what the page tells them to write in another way.
        environ: more of their environment.
    """

    home: Path
    replacements: Mapping[str, str]
    environ: Mapping[str, str] = field(default_factory=dict)

    def run_block(self, block: Block, stdin: str = "") -> tuple[int, str]:
        """Run a block as it stands on the page; return its exit code and all that was said."""
        text = block.text
        for written, meant in self.replacements.items():
            text = text.replace(written, meant)
        state = self.home / ".state"
        script = (
            f"set -aeuo pipefail; cd {self.home}; [ ! -f {state} ] || . {state}\n"
            f'trap \'{{ declare -px; printf "cd %q\\n" "$PWD"; }} > {state}\' EXIT\n{text}'
        )
        with tempfile.TemporaryFile("w+") as said:
            done = subprocess.run(
                ["bash", "-c", script],
                env={**self._own(), **self.environ},
                input=stdin,
                stdout=said,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            said.seek(0)
            return done.returncode, said.read()

    def run_blocks(self, page: Page, *beginnings: str) -> Iterator[tuple[Block, str]]:
        """Type the blocks that begin so, each of which has to succeed, and give what it said."""
        for block in page.blocks_starting_with(*beginnings):
            asks = "gh secret set" in block.text or "read -rs" in block.text
            code, said = self.run_block(block, f"{TOKEN}\n" if asks else "")
            assert code == 0, f"{block}\n{said}"
            yield block, said

    def _own(self) -> dict[str, str]:
        """Return this process's environment without what would lead a reader's commands astray."""
        astray = re.compile(r"GIT_\w+|VIRTUAL_ENV|PYTHONPATH|MAKE\w*|MFLAGS|HOUSEPRICE_\w+|DOCKER(HUB)?_\w+|COSIGN_\w+")
        kept = {name: value for name, value in os.environ.items() if not astray.fullmatch(name)}
        (self.home / "github").mkdir(exist_ok=True)
        return {**kept, "PATH": f"{PROGRAMS}:{kept['PATH']}", "GH_STATE": str(self.home / "github")}


@cache
def error_codes() -> frozenset[str]:
    """Return every code that the program gives an error: defaults of classes, and those where errors are raised."""
    source = "\n".join(file.read_text() for file in (ROOT / "src").rglob("*.py"))
    return frozenset(re.findall(r'"([a-z]+(?:_[a-z]+)+)"', source))


@cache
def source_texts() -> str:
    """Return every text of the program and of its scripts, with … where a value is put in."""
    found = [file.read_text() for file in (ROOT / "scripts").iterdir()]
    for file in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values]
                found.append("".join(parts))
    return "\n".join(found)


TUTORIAL = Page.of(ROOT / "docs" / "tutorial.md")
SPANISH = Page.of(ROOT / "docs" / "es" / "guia.md")
