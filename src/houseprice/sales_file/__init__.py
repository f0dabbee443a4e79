"""Files of sales as people have them, read as one table of texts.

`read` takes a file, a folder or a glob; CSV in any common encoding, Excel workbooks, Parquet, also within gzip or ZIP.
Every decision about how a file is written is a `Note` with a verdict and the lines that prove it. What is ambiguous is
refused with the code `layout_ambiguous`, unless the layout (section `data.file` of the configuration) states it.
"""

from houseprice.config.file_layout import FileLayout
from houseprice.sales_file.notes import Note, Verdict
from houseprice.sales_file.reading import AUTO, digest, files_of, parse, read
from houseprice.sales_file.text_table import REASONS, ROW, TextTable

__all__ = [
    "AUTO",
    "REASONS",
    "ROW",
    "FileLayout",
    "Note",
    "TextTable",
    "Verdict",
    "digest",
    "files_of",
    "parse",
    "read",
]
