"""Dates as people write them."""

from datetime import date

import pytest

from houseprice.conversion import CellForm, convert_value

MONTHS = {"enero": 1, "octubre": 10, "oct.": 10}


@pytest.mark.parametrize(
    ("text", "forms", "value"),
    [
        ("2014-10-13", ("%Y-%m-%d",), date(2014, 10, 13)),
        ("2014-10-13T23:30:00Z", ("%Y-%m-%dT%H:%M:%S%z",), date(2014, 10, 13)),
        ("2014-10-13T23:30:00.000+02:00", ("%Y-%m-%dT%H:%M:%S.%f%z",), date(2014, 10, 13)),
        ("2014/10/13 00:00:00+00", ("%Y/%m/%d %H:%M:%S%z",), date(2014, 10, 13)),
        ("20141013T000000", ("%Y%m%dT%H%M%S",), date(2014, 10, 13)),
        ("13/10/2014", ("%d/%m/%Y",), date(2014, 10, 13)),
        ("3/4/2021", ("%m/%d/%Y",), date(2021, 3, 4)),
        ("10/13/2014 12:00:00 AM", ("%m/%d/%Y %I:%M:%S %p",), date(2014, 10, 13)),
        ("13 Oct 2014", ("%d %b %Y",), date(2014, 10, 13)),
        ("October 13, 2014", ("%B %d, %Y",), date(2014, 10, 13)),
        ("Mon 13-Oct-14", ("%a %d-%b-%y",), date(2014, 10, 13)),
        ("13.10.99", ("%d.%m.%y",), date(1999, 10, 13)),
        ("octubre 2014", ("%m %Y",), date(2014, 10, 1)),
        ("13 de Octubre de 2014", ("%d de %m de %Y",), date(2014, 10, 13)),
        ("13 oct. 2014", ("%d %m %Y",), date(2014, 10, 13)),
        ("201803", ("%Y%m",), date(2018, 3, 1)),
        ("2017-01", ("%Y-%m",), date(2017, 1, 1)),
        ("2010 5", ("%Y %m",), date(2010, 5, 1)),
        ("2010", ("%Y",), date(2010, 1, 1)),
        ("2014-10-13", ("%d/%m/%Y", "%Y-%m-%d"), date(2014, 10, 13)),
        ("41925", ("excel_serial",), date(2014, 10, 13)),
        ("41925.99", ("excel_serial",), date(2014, 10, 13)),
        ("1413158400", ("epoch_seconds",), date(2014, 10, 13)),
        ("1413158400000", ("epoch_milliseconds",), date(2014, 10, 13)),
        ("2012.917", ("decimal_year",), date(2012, 12, 1)),
        ("2013.250", ("decimal_year",), date(2013, 4, 1)),
        ("2013", ("decimal_year",), date(2013, 1, 1)),
        ("2013.999", ("decimal_year",), date(2014, 1, 1)),
        ("2014.10", ("decimal_year",), date(2014, 2, 6)),
        ("2018Q3", ("year_quarter",), date(2018, 7, 1)),
        ("Q1 2018", ("year_quarter",), date(2018, 1, 1)),
        ("4T 2018", ("year_quarter",), date(2018, 10, 1)),
        ("2nd quarter 2018", ("year_quarter",), date(2018, 4, 1)),
    ],
)
def test_a_date_is_read_as_its_form_says(text: str, forms: tuple[str, ...], value: date) -> None:
    """The first form that fits counts; times and zones are read over."""
    assert convert_value(text, "date", CellForm(dates=forms, month_names=MONTHS)) == value


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("13/10/2014", ("%m/%d/%Y",)),
        ("31/02/2014", ("%d/%m/%Y",)),
        ("13 Okt 2014", ("%d %b %Y",)),
        ("2014-10-13", ("%Y%m%d",)),
        ("201413", ("%Y%m",)),
        ("20141", ("%Y%m",)),
        ("2014-10-13 extra", ("%Y-%m-%d",)),
        ("12", ("decimal_year",)),
        ("soon", ("excel_serial", "epoch_seconds", "decimal_year", "year_quarter")),
        ("99999999", ("excel_serial",)),
        ("2018Q5", ("year_quarter",)),
        ("0000-10-13", ("%Y-%m-%d",)),
    ],
)
def test_what_no_form_fits_is_no_date(text: str, forms: tuple[str, ...]) -> None:
    """A day that does not exist is not moved to one that does."""
    assert convert_value(text, "date", CellForm(dates=forms)) is None
