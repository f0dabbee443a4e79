"""Several inputs, named by a folder or a glob, and the outputs that are made of them."""

import glob
import os
from collections.abc import Sequence
from pathlib import Path

from houseprice.atomic_io import check_format, keep_inputs
from houseprice.batch_prediction.file_run import Paths
from houseprice.batch_prediction.tables import PARQUET_SUFFIXES
from houseprice.errors import DataError

CSV_SUFFIXES = (".csv", ".tsv", ".txt")
GZIP_SUFFIXES = tuple(f"{suffix}.gz" for suffix in CSV_SUFFIXES)
OUTPUT_FORMATS = {"CSV": (*CSV_SUFFIXES, ""), "Parquet": PARQUET_SUFFIXES}
TABLE_SUFFIXES = (".csv", ".tsv", ".tab", ".psv", ".txt", ".xlsx", ".xlsm", ".parquet", ".pq", ".gz", ".zip")
"""Endings by which a table is found in a folder; those of `sales_file`, which needs polars."""


def output_format(output: Path) -> str:
    """Return the format in which an output is written, by its name.

    Raises:
        DataError: It is that of none (code `output_format_unknown`).
    """
    if output.name.lower().endswith(GZIP_SUFFIXES):
        return "gzip"
    return check_format(output, OUTPUT_FORMATS)


def input_files(source: Path) -> list[Path] | None:
    """Return the files that a folder or a glob stands for, in the order of their names; None for a single file.

    Raises:
        DataError: It stands for none (code `folder_without_tables`, `glob_without_files`).
    """
    if source.is_dir():
        children = sorted(child for child in source.iterdir() if not child.name.startswith("."))
        tables = [child for child in children if child.is_file() and child.suffix.lower() in TABLE_SUFFIXES]
        if not tables:
            raise DataError(
                f'The folder "{source}" holds no table; give a CSV, Excel or Parquet file, or a folder of them.',
                code="folder_without_tables",
                path=str(source),
            )
        return tables
    if not glob.has_magic(str(source)) or source.exists():
        return None
    names = glob.glob(str(source), recursive=True)  # noqa: PTH207 - may be absolute
    if files := sorted(path for path in map(Path, names) if path.is_file()):
        return files
    raise DataError(f'No file matches "{source}".', code="glob_without_files", path=str(source))


def outputs_in(folder: Path, sources: Sequence[Path]) -> list[Paths]:
    """Return what is made of several inputs: files of their names in a folder, and of their formats where possible.

    What is neither CSV nor Parquet becomes a CSV, with `.csv` behind its name.

    Raises:
        DataError: The output is named as a file (code `not_a_directory`), or would replace an input (`path_repeated`).
    """
    is_named_as_file = folder.suffix.lower() in (".gz", *CSV_SUFFIXES, *PARQUET_SUFFIXES) and not folder.is_dir()
    if is_named_as_file or (folder.exists() and not folder.is_dir()):
        raise DataError(
            f'Of several inputs, several outputs are made, and "{folder}" names a file; name a folder for them.',
            code="not_a_directory",
            path=str(folder),
        )
    root = Path(os.path.commonpath([source.parent for source in sources]))
    outputs = []
    for source in sources:
        place = folder / source.relative_to(root)
        is_writable = place.name.lower().endswith((*CSV_SUFFIXES, *GZIP_SUFFIXES, *PARQUET_SUFFIXES))
        outputs.append(place if is_writable else place.with_name(place.name + ".csv"))
    keep_inputs(sources, outputs)
    return [Paths(*both, output_format(both[1])) for both in zip(sources, outputs, strict=True)]
