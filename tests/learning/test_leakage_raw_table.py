"""Columns of the raw table that hold the price: a feature may not, any other is told."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from houseprice.config import Config
from houseprice.errors import DataError
from houseprice.learning.csv_reader import parse
from houseprice.learning.leakage import Leak, check_raw_columns
from houseprice.learning.processing import clean
from learning.commands import RunCli
from learning.houses import SCHEMA, rules, written
from pipeline import Pipeline

DRAW = np.random.default_rng(3)
AREAS = [float(round(area, 1)) for area in DRAW.uniform(40, 240, 80)]
RATES = [float(round(rate, 2)) for rate in DRAW.uniform(900, 9000, 80)]


def told(little: Pipeline, form: str, decimal: str = ".", **columns: Any) -> list[Leak]:
    """Return the leaks of a table of sales at a price per area, which another column tells in some form."""
    numbers = [f"{area * rate:.1f}".replace(".", decimal) for area, rate in zip(AREAS, RATES, strict=True)]
    rows = [{"paid": paid, "area": f"{area}".replace(".", decimal)} for paid, area in zip(numbers, AREAS, strict=True)]
    lines = written(rows, ";").splitlines()
    signs = str.maketrans(",.", ".,") if decimal == "," else {}
    more = [form.format(rate).translate(signs) for rate in RATES]
    text = "\n".join(f"{line};{value}" for line, value in zip(lines, ["rate", *more], strict=True))
    data = rules(form={"decimal": decimal, "thousands": "none"}, columns=SCHEMA.columns | columns)
    config = Config.model_validate(little.config.model_dump() | {"data": data.model_dump()})
    return check_raw_columns(clean(parse(text, "a.csv", config.schema_), config.schema_, data), config)


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("form", ["{:.2f}", "{:.0f}", "{:,.2f}", "${:,.0f}", "{:.1f} EUR"])
def test_an_undeclared_column_that_holds_the_price_is_told_and_refuses_nothing(
    little: Pipeline, decimal: str, form: str
) -> None:
    """Whatever the decimal sign, the currency and the separators of thousands are: it can be no feature."""
    leaks = told(little, form, decimal)
    assert leaks
    assert all(leak.column in ("rate", "area") for leak in leaks)
    assert any("rate" in leak.reason for leak in leaks)


def test_a_declared_feature_that_holds_the_price_refuses_the_table(little: Pipeline) -> None:
    """As soon as a request would have it."""
    column = SCHEMA.columns["area"].model_copy(update={"role": None, "maximum": None})
    with pytest.raises(DataError) as excinfo:
        told(little, "{:.2f}", rate=column)
    assert excinfo.value.code == "target_leakage"
    assert set(excinfo.value.details["columns"]) <= {"rate", "area"}


def test_a_column_that_is_known_only_at_the_sale_is_told(little: Pipeline) -> None:
    """It is declared, and no feature."""
    column = SCHEMA.columns["area"].model_copy(update={"role": None, "maximum": None, "known": "at_sale"})
    assert told(little, "{:.2f}", rate=column)


def test_a_column_that_has_nothing_to_do_with_the_price_is_not_told(little: Pipeline) -> None:
    """Numbers alone are no suspicion."""
    assert told(little, "7") == []


def test_process_tells_what_holds_the_price(little: Pipeline, run_cli: RunCli, tmp_path: Path) -> None:
    """On the screen, in the report and in the answer for programs; the columns that are kept are as without it."""
    raw, output = tmp_path / "raw.csv", tmp_path / "cleaned.csv"
    header, *lines = little.raw.read_text(encoding="utf-8-sig").splitlines()
    place = header.split(";").index("paid")
    raw.write_text(
        "\n".join([f"{header};index", *(f"{line};{line.split(';')[place]} €" for line in lines)]) + "\n",
        encoding="utf-8",
    )
    words = ("process", "--config", little.config_file, "--input", raw, "--output", output)
    code, out, _ = run_cli(*words, "--json")
    assert code == 0
    assert list(json.loads(out)["leaking_columns"]) == ["index"]
    assert '"index"' in run_cli(*words)[1]
    assert list(json.loads((tmp_path / "cleaned_report.json").read_text())["leaking_columns"]) == ["index"]
    assert output.read_bytes() == little.cleaned.read_bytes()
