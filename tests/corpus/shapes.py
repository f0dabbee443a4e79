"""Files whose lines, dates, prices and places are written in ways of their own."""

# ruff: noqa: E501 - a column a line would hide the file
from datetime import date
from math import log

from corpus.asian import quarter
from corpus.english import feet, lot_feet, place
from corpus.european import barrio
from corpus.spec import NUMBERS, Case, Col, cat, comma, day, flag, free, group, num, out, written
from corpus.traps import epoch

F19 = date(2019, 1, 3)


def with_trailing(text: str) -> str:
    """Return lines that end in a separator."""
    return text.replace("\r\n", ",\r\n")


def with_byte_order_marks(text: str) -> str:
    """Return a text of two files that were put together, each with its byte order mark."""
    lines = text.split("\r\n")
    return "\ufeff" + "\r\n".join([*lines[:60], "\ufeff" + lines[60], *lines[61:]])


CASES = (
    Case("trailing_delims", (cat("suburb", place, "location"), num("sale_price", lambda h: h.price, role="target"), num("area", lambda h: h.living, role="living_area"), day("sale_date", "%Y-%m-%d")), finish=with_trailing),
    Case("bom_in_middle", (cat("suburb", place, "location"), num("sale_price", lambda h: h.price, role="target"), num("area", lambda h: h.living, role="living_area")), finish=with_byte_order_marks),
    Case("index_columns", (out("Unnamed: 0", lambda h: str(h.number-1)), out("Unnamed: 0.1", lambda h: str(h.number-1)), cat("suburb", place, "location"), num("sale_price", lambda h: h.price, role="target"), num("area", lambda h: h.living, role="living_area"))),
    Case("excel_titles", (cat("Suburb", place, "location"), num("Sale price", lambda h: h.price, role="target"), num("Living area m2", lambda h: h.living, role="living_area", unit="m²"), day("Sale date", "%d/%m/%Y")), above="Sales register - Council of X,,,\r\nPeriod: 01/01/2014 - 31/12/2015,,,\r\n,,,\r\n", finish=lambda t: t+",,,\r\nTotal,61234567,14021,\r\nSource: council,,,\r\n"),
    Case("grand_total_excel", (cat("Suburb", place, "location"), written("Sale price", lambda h: f"${group(h.price,',')}", lambda h: h.price, "target"), num("Living area m2", lambda h: h.living, role="living_area", unit="m²"), num("Beds", lambda h: h.beds, role="bedrooms")), finish=lambda t: t+"Grand Total,\"$61,234,567\",14021,402\r\n"),
    Case("average_row", (cat("Suburb", place, "location"), num("Sale price", lambda h: h.price, role="target"), num("Living area m2", lambda h: h.living, role="living_area", unit="m²"), num("Beds", lambda h: h.beds, role="bedrooms")), finish=lambda t: t+",,,\r\nAverage,512345.2,121.3,3.1\r\n"),
    Case("q_2019Q3", (Col("Quarter", lambda h: f"{h.day.year}Q{(h.day.month+2)//3}", ("date",), "sale_date", quarter), num("Sale price", lambda h: h.price, role="target"), num("area", lambda h: h.living, role="living_area")), first=F19),
    Case("q_T3", (Col("Trimestre", lambda h: f"T{(h.day.month+2)//3} {h.day.year}", ("date",), "sale_date", quarter), num("Prix", lambda h: h.price, role="target"), num("Surface", lambda h: h.living, role="?")), first=F19, language="fr"),
    Case("mon_yy", (day("Settled", "%b-%y"), num("Sale price", lambda h: h.price, role="target"), num("area", lambda h: h.living, role="living_area")), first=F19),
    Case("iso_week_zone", (Col("closed_at", lambda h: h.day.strftime("%Y-%m-%d 09:15:00+00:00"), ("date",), "sale_date", lambda h: h.day), num("price", lambda h: h.price, role="target"), num("sqm", lambda h: h.living, role="living_area", unit="m²"))),
    Case("epoch_millis", (Col("SALEDATE", lambda h: str(epoch(h) // 86400 * 86400 * 1000), ("date",), "sale_date", lambda h: h.day), out("OBJECTID", lambda h: str(h.number)), num("SALEPRICE", lambda h: h.price, role="target"), num("BLDGAREA", feet, role="living_area"), free("SHAPE_Length", lambda h: f"{h.door*7.13:.4f}"))),
    Case("per_m2_beside_total", (num("total", lambda h: h.price, role="target"), out("eur_m2", lambda h: f"{h.per_metre:.2f}"), num("m2", lambda h: h.living, role="living_area", unit="m²"), cat("zone", place, "location"))),
    Case("only_per_m2", (num("prix_m2", lambda h: round(h.per_metre), role="target"), num("surface", lambda h: h.living, role="living_area"), cat("quartier", barrio("fr"), "location")), language="fr"),
    Case("currency_column", (num("Sale price", lambda h: h.price, role="target"), out("Currency", lambda h: "USD" if h.flag else "PAB"), num("Area", lambda h: h.living)), asked=frozenset(("currency_mixed",))),
    Case("status_withdrawn", (num("price", lambda h: h.price, role="target"), out("status", lambda h: ("Sold", "Sold", "Withdrawn")[h.heat]), num("area", lambda h: h.living, role="living_area"), cat("suburb", place, "location"))),
    Case("lambert93", (num("valeur_fonciere", lambda h: h.price, role="target"), num("x", lambda h: 840000+h.place*1000+h.door), num("y", lambda h: 6517000+h.place*900+h.door), num("surface", lambda h: h.living, role="living_area")), language="fr"),
    Case("osgb", (num("price_paid", lambda h: h.price, role="target"), num("Easting", lambda h: 530000+h.place*1000+h.door, role=None), num("Northing", lambda h: 180000+h.place*900+h.door, role=None), num("floor_area", lambda h: h.living, role="living_area"))),
    Case("lat_metres", (num("price", lambda h: h.price, role="target"), num("lat", lambda h: 4473000+h.place*1000+h.door, role=None), num("lon", lambda h: 440000+h.place*900+h.door, role=None), num("sqm", lambda h: h.living, role="living_area"))),
    Case("latlon_cell", (num("price", lambda h: h.price, role="target"), free("location", lambda h: f"{h.lat:.5f}, {h.lon:.5f}"), num("sqm", lambda h: h.living, role="living_area"), cat("district", place, "?"))),
    Case("latlon_comma", (num("precio", lambda h: h.price, role="target"), num("latitud", lambda h: comma(h.lat,6), role="latitude"), num("longitud", lambda h: comma(h.lon,6), role="longitude"), num("metros", lambda h: h.living, role="living_area")), separator=";", language="es"),
    Case("lot_mixed_units", (num("price", lambda h: h.price, role="target"), written("lot size", lambda h: f"{h.lot/4046.8564:.3f} ac" if h.flag else f"{group(lot_feet(h),',')} sq. ft.", lambda h: round(h.lot/4046.8564,3)*43560 if h.flag else lot_feet(h), "lot_area"), num("living sqft", feet, role="living_area", unit="sq ft"))),
    Case("feet_inches", (num("price", lambda h: h.price, role="target"), free("frontage", lambda h: f"{20+h.door%40}'{h.floor}\""), num("living sqft", feet, role="living_area", unit="sq ft"))),
    Case("near_copies", (num("sold_price", lambda h: h.price, role="target"), out("price_eur", lambda h: f"{h.price*.92:.0f}"), out("log_price", lambda h: f"{log(h.price):.6f}"), out("price_band", lambda h: f"{h.price//50000*50}k-{h.price//50000*50+50}k"), num("sqm", lambda h: h.living, role="living_area"), cat("suburb", place, "location"))),
    Case("price_range_text", (Col("price", lambda h: f"{h.price//1000*1000}-{h.price//1000*1000+50000}", NUMBERS, "target", lambda h: h.price//1000*1000+25000), num("area", lambda h: h.living, role="living_area"), cat("suburb", place, "location"))),
    Case("mostly_missing", (num("sold_price", lambda h: h.price, role="target"), num("sqm", lambda h: h.living, role="living_area"), num("pool_m2", lambda h: 20+h.heat*5, blank=.95), cat("view", lambda h: ("sea","park","street")[h.heat], "?", blank=.95), flag("sauna", "yes", "no", blank=.95), cat("suburb", place, "location")), rows=300),
    Case("flags_odd", (num("sold_price", lambda h: h.price, role="target"), num("sqm", lambda h: h.living, role="living_area"), free("lift", lambda h: "x" if h.flag else ""), flag("garden", "✓", "✗"), free("balcony", lambda h: "1" if h.flag else ""), cat("parking", lambda h: "with" if h.flag else "without"), flag("pool", "t", "f"))),
    Case("percent_and_signs", (num("sold_price", lambda h: h.price, role="target"), num("sqm", lambda h: h.living, role="living_area"), free("plot ratio", lambda h: f"{h.door}%"), written("distance to sea", lambda h: f"{h.door*.1:.1f} km", lambda h: h.door*.1, None), written("age", lambda h: f"{2015-h.built} years", lambda h: 2015-h.built, None), Col("floor", lambda h: ("Ground" if h.floor==0 else f"{h.floor}th"), ("category","ordinal","number","integer"), None), written("rooms", lambda h: f"{h.rooms} rooms", lambda h: h.rooms, "?"))),
    Case("mixed_missing_marks", (num("sold_price", lambda h: h.price, role="target"), num("sqm", lambda h: h.living, role="living_area", blank=.1, mark="—"), num("year built", lambda h: h.built, role="year_built", blank=.2, mark="0"), num("beds", lambda h: h.beds, role="bedrooms", blank=.1, mark="#N/A"), num("lot", lambda h: h.lot, role="lot_area", blank=.15, mark="n.a."), num("floor", lambda h: h.floor, blank=.1, mark="nil"))),
)  # fmt: skip
