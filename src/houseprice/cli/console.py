"""What commands print beyond a line of text: tables, and what is being done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


def draw(shown: RenderableType) -> None:
    """Draw a table on stdout, as wide as the terminal; logs have no 80 columns, and get 110."""
    console = Console()
    (console if console.is_terminal else Console(width=110)).print(shown)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show on a terminal what is being done."""
    with Console(stderr=True).status(f"{what} …"):
        yield


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[str, int, int], None]]:
    """Show a progress bar on a terminal, and a line after every fifth step elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn(f"{what}: {{task.description}}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def progress(step: str, done: int, of: int) -> None:
            bar.update(task, description=step, completed=done, total=of)
            if not console.is_terminal and (done == of or done % 5 == 0):
                click.echo(f"{what}: {done} of {of} ({step})", err=True)

        yield progress
