"""Sales that came in later: the same rules as for the raw table, and none of them twice."""

from pathlib import Path

import polars as pl
import pytest

from houseprice.errors import DataError
from houseprice.learning.additional_sales import KNOWN, canonical_schema, read_additional
from houseprice.learning.bundling import read_sales
from houseprice.monitoring.input_faults import FACTORS
from pipeline import Pipeline


@pytest.fixture
def sales(little: Pipeline) -> pl.DataFrame:
    """Return the accepted sales of a small pipeline."""
    return read_sales(little.cleaned, little.config.schema_)


def file_of(table: pl.DataFrame, folder: Path) -> Path:
    """Write sales in canonical form."""
    path = folder / "more.csv"
    table.write_csv(path)
    return path


def test_new_sales_are_typed_as_those_of_the_raw_table(little: Pipeline, sales: pl.DataFrame, tmp_path: Path) -> None:
    """Whatever forms the raw file has: the additional ones are canonical."""
    new = sales.head(5).with_columns(pl.col("paid") * 1.5)
    added = read_additional(file_of(new, tmp_path), little.config, sales)
    assert added.sales.equals(new)
    assert added.sales.schema == sales.schema
    assert added.report == {"rows_read": 5, "rows_kept": 5, "rows_rejected": 0}


def test_a_sale_that_is_known_is_not_added(little: Pipeline, sales: pl.DataFrame, tmp_path: Path) -> None:
    """By parcel, day and price, or by the whole house where the parcel is not known; the reason is given."""
    by_parcel = sales[:2].with_columns(pl.col("area") + 1)
    by_house = sales[2:4].with_columns(plot=pl.lit(None, pl.String))
    new = sales[4:6].with_columns(plot=pl.lit(None, pl.String), paid=pl.col("paid") + 1)
    added = read_additional(file_of(pl.concat([by_parcel, by_house, new]), tmp_path), little.config, sales)
    assert added.sales.equals(new)
    assert added.rejected.select("row", "reasons").rows() == [(row, KNOWN) for row in (1, 2, 3, 4)]


def test_a_sale_in_other_units_is_rejected_with_its_reason(
    little: Pipeline, sales: pl.DataFrame, tmp_path: Path
) -> None:
    """What a client with a fault asked for is stored, and comes back with the price paid."""
    large = sales.filter(pl.col("area") > 200).head(20).with_columns(pl.col("paid") * 1.5)
    added = read_additional(
        file_of(large.with_columns((pl.col("area") * FACTORS["square feet for square metres"]).round(1)), tmp_path),
        little.config,
        sales,
    )
    assert added.sales.is_empty()
    assert added.rejected["reasons"].to_list() == ["measurements look like square feet for square metres"] * len(large)
    assert read_additional(file_of(large, tmp_path), little.config, sales).sales.equals(large)


def test_rows_are_judged_by_the_rules_of_the_raw_table(little: Pipeline, sales: pl.DataFrame, tmp_path: Path) -> None:
    """A broken row is rejected with its reason, and too many are an error."""
    new = sales.head(200).with_columns(pl.col("paid") * 1.5)
    broken = new.with_columns(paid=pl.when(pl.int_range(pl.len()) == 3).then(-1.0).otherwise("paid"))
    added = read_additional(file_of(broken, tmp_path), little.config, sales)
    assert (added.sales.height, added.rejected["row"].to_list()) == (199, [4])
    with pytest.raises(DataError) as err:
        read_additional(file_of(new.with_columns(paid=-1.0), tmp_path), little.config, sales)
    assert err.value.code == "too_many_rejected"


def test_a_file_of_another_shape_is_refused(little: Pipeline, sales: pl.DataFrame, tmp_path: Path) -> None:
    """Columns that are missing are named."""
    with pytest.raises(DataError) as err:
        read_additional(file_of(sales.head(3).drop("area"), tmp_path), little.config, sales)
    assert (err.value.code, err.value.details["columns"]) == ("csv_columns_missing", ["area"])


def test_a_header_alone_says_that_nothing_was_sold(little: Pipeline, sales: pl.DataFrame, tmp_path: Path) -> None:
    """As the export of a store is, to which no price was reported yet."""
    added = read_additional(file_of(sales.head(0), tmp_path), little.config, sales)
    assert (added.sales.height, added.rejected.height) == (0, 0)


def test_the_canonical_schema_keeps_all_but_the_forms(little: Pipeline) -> None:
    """Ranges, roles and kinds are those of the configuration."""
    schema = little.config.schema_
    plain = canonical_schema(schema)
    assert all(column.form is None and not column.sources for column in plain.columns.values())
    assert plain.roles() == schema.roles()
