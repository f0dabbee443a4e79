"""From a path, or the content of a file, to a table of texts."""

import glob
import hashlib
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from houseprice.config.file_layout import FileLayout
from houseprice.errors import DataError, nearest
from houseprice.sales_file.content import content_of
from houseprice.sales_file.csv_table import read_csv
from houseprice.sales_file.file_formats import TABLE_SUFFIXES, identify
from houseprice.sales_file.notes import Note, contradicted
from houseprice.sales_file.parquet import read_parquet
from houseprice.sales_file.text_table import ROW, TextTable
from houseprice.sales_file.workbook import read_workbook

AUTO = FileLayout()


def read(source: Path | str, layout: FileLayout = AUTO) -> TextTable:
    """Return the table of a file, or of all files of a folder or a glob, which have the same columns.

    Raises:
        DataError: A file cannot be used; `code` says why, and `details` hold its `path`.
    """
    paths, notes = _files(source)
    tables = []
    for path in paths:
        content, packed = content_of(path)
        table = parse(content, str(path), layout)
        tables.append(TextTable(table.texts, table.broken, table.layout, (*packed, *table.notes)))
    if len(tables) == 1:
        (table,) = tables
        return TextTable(table.texts, table.broken, table.layout, (*notes, *table.notes))
    return _joined(paths, tables, notes)


def parse(content: bytes, where: str, layout: FileLayout = AUTO) -> TextTable:
    """Return the table of a file's unpacked content; `where` names it in messages.

    Raises:
        DataError: It cannot be used.
    """
    found = identify(content)
    if found and found.name not in ("xlsx", "parquet"):
        raise DataError(f'"{where}" is {found.what}, not a CSV; {found.advice}.', code=found.code, format=found.name)
    name = found.name if found else "csv"
    if layout.format not in ("auto", name):
        raise contradicted(where, "format", layout.format, f"it is {found.what if found else 'a text file'}.")
    if name == "xlsx":
        return read_workbook(content, where, layout)
    if layout.sheet is not None:
        raise contradicted(where, "sheet", layout.sheet, "it is no Excel workbook, and has no sheets.")
    return read_parquet(content, where) if name == "parquet" else read_csv(content, where, layout)


def files_of(source: Path | str) -> list[Path]:
    """Return the files that a path, a folder or a glob stands for, in the order of their names.

    Raises:
        DataError: A folder holds no table (code `folder_without_tables`).
    """
    return _files(source)[0]


def digest(source: Path | str) -> str:
    """Return the SHA-256 of a file; of several, that of a list of theirs with the names."""
    found = [(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files_of(source)]
    if len(found) == 1:
        return found[0][1]
    return hashlib.sha256("".join(f"{sha256}  {name}\n" for name, sha256 in found).encode()).hexdigest()


def _files(source: Path | str) -> tuple[list[Path], list[Note]]:
    """Return the files that a path stands for, in the order of their names."""
    path = Path(source)
    if path.is_dir():
        found = sorted(child for child in path.iterdir() if not child.name.startswith("."))
        tables = [child for child in found if child.is_file() and child.suffix.lower() in TABLE_SUFFIXES]
        if not tables:
            raise DataError(
                f'The folder "{path}" holds no table; give a CSV, Excel or Parquet file, or a folder of them.',
                code="folder_without_tables",
                path=str(path),
            )
        others = [child.name for child in found if child not in tables]
        shown = ", ".join(others[:5]) + (", …" if len(others) > 5 else "")
        return tables, [Note("", len(others), "certain", f"Not read, by their names: {shown}.")] if others else []
    if glob.has_magic(str(source)) and not path.exists():
        matched = sorted(Path(name) for name in glob.glob(str(source), recursive=True))  # noqa: PTH207 - may be absolute
        if files := [match for match in matched if match.is_file()]:
            return files, []
    return [path], []


def _joined(paths: Sequence[Path], tables: Sequence[TextTable], notes: list[Note]) -> TextTable:
    """Return the rows of several files, one behind the other.

    Raises:
        DataError: A file has other columns than the first (code `files_differ`).
    """
    first = tables[0]
    texts, broken, told, offset = [], [], list(notes), 0
    for path, table in zip(paths, tables, strict=True):
        _check_columns(paths[0], first, path, table)
        moved = pl.col(ROW) + offset
        texts.append(table.texts.select(first.texts.columns).with_columns(moved))
        broken.append(table.broken.with_columns(moved))
        last = max([offset, *(int(frame[ROW].max() or 0) for frame in (texts[-1], broken[-1]))])  # type: ignore[arg-type]
        span = f"Rows {offset + 1} to {last} are those of {path.name}."
        told += [Note("", path.name, "certain", span, file=str(path)), *_of_file(table.notes, path)]
        offset = last
    return TextTable(pl.concat(texts), pl.concat(broken), _common([table.layout for table in tables]), tuple(told))


def _check_columns(expected: Path, first: TextTable, path: Path, table: TextTable) -> None:
    missing = [name for name in first.columns if name not in table.columns]
    added = [name for name in table.columns if name not in first.columns]
    if missing or added:
        hints = ", ".join(f'"{name}"{nearest(name, added)}' for name in missing[:5])
        others = ", ".join(f'"{name}"' for name in added[:5])
        differs = " and ".join([f"lacks {hints}"] * bool(missing) + [f"has {others}"] * bool(added))
        raise DataError(
            f'"{path}" has other columns than "{expected}": it {differs}. All files of one table '
            "have the same columns; leave this file out, or correct its header.",
            code="files_differ",
            path=str(path),
            missing=missing,
            added=added,
        )


def _of_file(notes: Sequence[Note], path: Path) -> list[Note]:
    return [Note(note.key, note.value, note.verdict, note.reason, note.lines, str(path)) for note in notes]


def _common(layouts: Sequence[FileLayout]) -> FileLayout:
    """Return what all files have in common; the rest is to be found in each."""
    values = [layout.model_dump() for layout in layouts]
    return FileLayout(
        **{key: value for key, value in values[0].items() if all(other[key] == value for other in values)}
    )
