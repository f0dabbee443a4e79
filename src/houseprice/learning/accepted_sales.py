"""Raw sales that can be learned from: a file in, accepted and rejected sales out, or the reason why none can be."""

from dataclasses import asdict
from pathlib import Path

from houseprice.config import Config
from houseprice.learning import csv_reader, implausible, leakage, processing
from houseprice.learning.features import engineer


def clean_file(config: Config, source: Path) -> processing.CleanTable:
    """Return the accepted and the rejected sales of a file, or of a folder or glob of files.

    Raises:
        DataError: The raw table cannot be used.
    """
    raw = csv_reader.read(source, config.schema_, config.data.file, config)
    cleaned = processing.clean(raw, config.schema_, config.data)
    implausible.check_prices(cleaned.sales[config.schema_.target], config.schema_.target)
    leaks = leakage.check_raw_columns(cleaned, config)
    cleaned.report["file"] = [asdict(note) for note in raw.notes]
    cleaned.report["leaking_columns"] = {leak.column: leak.reason for leak in leaks}
    return cleaned


def check_file(config: Config, source: Path) -> str:
    """Return how many sales of a file a training would have; nothing is written.

    Raises:
        DataError: The raw table cannot be used, or its sales cannot be split.
    """
    cleaned = clean_file(config, source)
    made, _ = engineer(cleaned.sales, config.schema_, config.derived, config.split, config.training.seed)
    rejected = cleaned.rejected.height
    return f"{made.height:,} of {made.height + rejected:,} sales, {made.width} columns of keys and features"
