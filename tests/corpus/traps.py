"""Files with traps: what cannot be told has to be asked, and what leaks has to be left out."""

# ruff: noqa: E501 - a column a line would hide the file
from datetime import UTC, date, datetime

from corpus.english import feet, lot_feet, place, street
from corpus.houses import House
from corpus.spec import NUMBERS, Case, Col, cat, comma, day, flag, group, num, out, written

PRICE = num("sale_price", lambda h: h.price, role="target")
AREA = num("living_area", lambda h: h.living, role="living_area")
SUBURB = cat("suburb", place, "location")
EARLY = date(2019, 1, 1)


def early(house: House) -> date:
    """Return the date of sale, moved to the first twelve days of its month."""
    return house.day.replace(day=1 + house.day.day % 12)


def serial(house: House) -> int:
    """Return the date of sale as spreadsheets count it."""
    return (house.day - date(1899, 12, 30)).days


def epoch(house: House) -> int:
    """Return the date of sale in seconds since 1970."""
    return int(datetime(house.day.year, house.day.month, house.day.day, 12, tzinfo=UTC).timestamp())


def asked(*codes: str) -> frozenset[str]:
    """Return the codes that have to be asked."""
    return frozenset(codes)


CASES = (
    Case("dates_open_dmy", (day("sale_date", "%d/%m/%Y", value=early), PRICE, AREA), asked("date_order_ambiguous"), ("date_order=dmy",)),
    Case("dates_open_mdy", (day("sale_date", "%m-%d-%Y", value=early), PRICE, AREA), asked("date_order_ambiguous"), ("date_order=mdy",)),
    Case("dates_open_short_years", (day("sold on", "%d.%m.%y", value=early), PRICE, AREA), asked("date_order_ambiguous"), ("date_order=dmy",)),
    Case("dates_of_two_orders", (Col("sale_date", lambda h: h.day.strftime("%d/%m/%Y" if h.flag else "%m/%d/%Y"), ("date",), "sale_date"), PRICE, AREA), asked("date_order_mixed")),
    Case("dates_helped_by_another", (day("sale_date", "%m/%d/%Y", value=early), day("inspected", "%m/%d/%Y", None, lambda h: h.listed), PRICE, AREA)),
    Case("dates_first_of_month", (Col("sale_date", lambda h: h.day.strftime("01/%m/%Y"), ("date",), "sale_date", lambda h: h.day.replace(day=1)), PRICE, AREA)),
    Case("dates_iso_zone", (Col("sale_date", lambda h: h.day.strftime("%Y-%m-%dT23:30:00.000+02:00"), ("date",), "sale_date", lambda h: h.day), PRICE, AREA)),
    Case("dates_short_zone", (Col("SALEDATE", lambda h: h.day.strftime("%Y/%m/%d 00:00:00+00"), ("date",), "sale_date", lambda h: h.day), PRICE, AREA)),
    Case("dates_excel_settlement", (Col("Settlement", lambda h: str(serial(h)), ("date",), "sale_date", lambda h: h.day), PRICE, AREA)),
    Case("dates_us_time", (Col("Sale Date", lambda h: h.day.strftime("%-m/%-d/%Y 12:00:00 AM"), ("date",), "sale_date", lambda h: h.day), PRICE, AREA)),
    Case("dates_excel", (Col("sale_date", lambda h: str(serial(h)), ("date",), "sale_date", lambda h: h.day), PRICE, AREA)),
    Case("dates_epoch", (Col("sale_date", lambda h: str(epoch(h)), ("date",), "sale_date", lambda h: h.day), PRICE, AREA)),
    Case("dates_epoch_ms", (Col("sold_date", lambda h: str(epoch(h) * 1000), ("date",), "sale_date", lambda h: h.day), PRICE, AREA)),
    Case("dates_decimal_year", (Col("Transaction Date", lambda h: f"{h.day.year + (h.day.month - 1) / 12:.3f}", ("date",), "sale_date", lambda h: h.day.replace(day=1)), PRICE, AREA, num("House Age", lambda h: (2015 - h.built) / 2))),
    Case("dates_quarters", (Col("quarter", lambda h: f"{h.day.year}-Q{(h.day.month + 2) // 3}", ("date",), "sale_date", lambda h: date(h.day.year, (h.day.month - 1) // 3 * 3 + 1, 1)), PRICE, AREA)),
    Case("dates_year_and_month_names", (Col("SaleYear", lambda h: str(h.day.year)), Col("SaleMonth", lambda h: h.day.strftime("%b")), PRICE, AREA), joined={"sale_date": ("SaleYear", "SaleMonth")}),
    Case("dates_year_only", (Col("yr_sold", lambda h: str(h.day.year), ("date",), "sale_date", lambda h: date(h.day.year, 1, 1)), num("yr_built", lambda h: h.built, role="year_built"), PRICE, AREA)),
    Case("dates_two_forms", (Col("sale_date", lambda h: h.day.strftime("%Y-%m-%d" if h.flag else "%d/%m/%Y"), ("date",), "sale_date", lambda h: h.day), PRICE, AREA)),
    Case("dates_ordinal_english", (Col("date sold", lambda h: f"{h.day.day} {h.day:%B} {h.day.year}", ("date",), "sale_date", lambda h: h.day), PRICE, AREA)),
    Case("decimal_open", (num("sale_price", lambda h: h.price, role="target"), Col("area", lambda h: f"{h.living}.{h.door + 100:03d}", NUMBERS, "living_area", lambda h: h.living + (h.door + 100) / 1000)), asked("decimal_ambiguous"), ("area.decimal=.",)),
    Case("price_open", (written("sale_price", lambda h: f"{group(h.price, '.')}", lambda h: h.price, "target"), AREA), asked("decimal_ambiguous"), ("sale_price.decimal=,",), seed=5),
    Case("price_beside_decimal_comma", (written("precio_venta", lambda h: group(h.price, "."), lambda h: h.price, "target"), num("superficie", lambda h: comma(h.living + 0.25, 2), role="living_area")), separator=";", seed=5),
    Case("numbers_of_two_forms", (Col("sale_price", lambda h: group(h.price, ",", 2) if h.flag else group(h.price, ".", 2, ",")), AREA), asked("decimal_mixed")),
    Case("price_or_per_area", (num("price", lambda h: round(h.per_metre), role="target"), num("area", lambda h: h.living, role="living_area"), SUBURB), asked("target_ambiguous"), ("target=price",)),
    Case("price_in_thousands", (written("Sale price (in 000s)", lambda h: f"{h.price / 1000:.1f}", lambda h: h.price, "target"), AREA, SUBURB)),
    Case("price_told_in_thousands", (written("price", lambda h: f"{h.price / 1000:.1f}", lambda h: h.price, "target"), AREA, SUBURB), asked("target_ambiguous"), ("target=price", "price.factor=1000")),
    Case("two_prices", (num("price_a", lambda h: h.price, role="target"), num("price_b", lambda h: h.asked + 7, role="?"), AREA), asked("target_ambiguous")),
    Case("no_price", (num("bedrooms", lambda h: h.beds, role="bedrooms"), AREA, SUBURB), asked("target_missing")),
    Case("constant_price", (Col("price", lambda h: "250000"), AREA, SUBURB), asked("target_constant")),
    Case("currencies", (Col("price", lambda h: f"€{h.price}" if h.flag else f"${h.price}"), AREA), asked("currency_mixed")),
    Case("leaks_by_values", (PRICE, num("bedrooms", lambda h: h.beds, role="bedrooms"), AREA, out("foo", lambda h: f"{h.price * 1.003:.1f}"), out("bar", lambda h: f"{h.per_metre:.3f}"), cat("town", place, "location"))),
    Case("leaks_by_sum", (num("price", lambda h: h.price, role="target"), AREA, out("part_1", lambda h: str(round(h.price * (0.3 + 0.05 * h.place)))), out("part_2", lambda h: str(h.price - round(h.price * (0.3 + 0.05 * h.place)))))),
    Case("rent_beside_sale", (out("monthly_rent", lambda h: str(round(h.price / 240))), num("sold_price", lambda h: h.price, role="target"), out("asking_rent", lambda h: str(round(h.price / 230))), AREA)),
    Case("only_asked", (num("asking_price", lambda h: h.asked, role="target"), AREA, SUBURB)),
    Case("shortened_ids", (out("parcel_id", lambda h: f"{7.1 + h.place / 10:.5f}E+09"), PRICE, AREA)),
    Case("blocks_of_flats", (out("parcel_id", lambda h: f"P{h.door // 3:04d}X"), PRICE, AREA, num("bedrooms", lambda h: h.beds, role="bedrooms"))),
    Case("row_numbers", (out("No", lambda h: str(h.number)), PRICE, AREA, out("unit", lambda h: "m"), out("blank", lambda h: ""))),
    Case("token_prices", (Col("sale_price", lambda h: "1" if h.number % 9 == 0 else str(h.price), NUMBERS, "target"), AREA, SUBURB)),
    Case("negative_unicode", (PRICE, AREA, written("elevation", lambda h: f"\u2212{h.door}" if h.flag else str(h.door), lambda h: -h.door if h.flag else h.door), written("longitude", lambda h: f"\u2212{abs(round(h.lon, 5))}", lambda h: round(h.lon, 5), "?"))),
    Case("coordinates_swapped", (PRICE, num("lat", lambda h: round(h.lon + 120, 5), role="longitude"), num("lon", lambda h: round(h.lat, 5), role="latitude"), AREA)),
    Case("words_for_missing", (PRICE, num("living_area", lambda h: h.living, role="living_area", blank=0.1, mark="n/d"), num("lot_size", lambda h: h.lot, role="lot_area", blank=0.2, mark="?"), num("age", lambda h: 2015 - h.built, blank=0.2, mark="unknown"), num("floor", lambda h: h.floor, blank=0.1, mark="-999"))),
    Case("free_text", (PRICE, AREA, Col("remarks", lambda h: f"Lovely home no {h.number} on {h.street} with {h.beds} bedrooms, close to schools, parks and shops in {place(h)}.", ("text",), None), SUBURB)),
    Case("flags", (PRICE, AREA, flag("pool", "yes", "no"), flag("garage", "Y", "N"), flag("lift", "TRUE", "FALSE"), flag("terrace", "sí", "no", blank=0.1), flag("heating", "1.0", "0.0", blank=0.1))),
    Case("scales", (PRICE, AREA, Col("kitchen_quality", lambda h: ("Po", "Fa", "TA", "Gd", "Ex")[h.grade - 1], ("ordinal",), "?"), Col("condition", lambda h: ("poor", "fair", "average", "good", "excellent")[h.grade - 1], ("ordinal",), "?", levels=("poor", "fair", "average", "good", "excellent")), Col("noise", lambda h: ("low", "medium", "high")[h.heat], ("ordinal",), None, levels=("low", "medium", "high")))),
    Case("ranges", (PRICE, AREA, written("floor_range", lambda h: f"{h.floor} TO {h.floor + 2}", lambda h: h.floor + 1), written("units", lambda h: "50+" if h.door > 50 else str(h.door), lambda h: min(h.door, 50)))),
    Case("codes_with_zeros", (PRICE, AREA, cat("district_code", lambda h: f"0{h.place + 1}", "?"), cat("census_tract", lambda h: f"0{100 + h.place}", "?"))),
    Case("multipliers", (written("sale_price", lambda h: f"£{round(h.price / 1000)}k", lambda h: round(h.price / 1000) * 1000, "target"), AREA, SUBURB), currency="GBP"),
    Case("millions", (written("sold price", lambda h: f"{h.price / 1e6:.3f}M", lambda h: round(h.price / 1e6, 3) * 1e6, "target"), AREA, SUBURB)),
    Case("house_index", (cat("property_id", lambda h: f"H-{h.number * 37:05d}", "parcel"), day("transaction_date", "%Y-%m-%d"), num("sold_value", lambda h: h.price, role="target"), out("commission_paid", lambda h: str(round(h.price * 0.02))), out("sale_condition", lambda h: "Normal" if h.flag else "Family"), num("lot_sqft", lot_feet, role="lot_area", unit="sq ft"), num("sqft", feet, role="living_area", unit="sq ft"), cat("street_address", street, "?"))),
    Case("small", (num("price", lambda h: h.price, role="target"), num("area", lambda h: h.living, role="living_area"), num("rooms", lambda h: h.rooms, role="?")), rows=25),
    Case("wide", (PRICE, AREA, *(num(f"feature_{index}", lambda h, index=index: h.door * index % 17 + h.heat) for index in range(3, 60)))),
    Case("per_month_cells", (written("sold_for", lambda h: f"${group(h.price, ',')}", lambda h: h.price, "target"), out("income", lambda h: f"${round(h.price / 240)}/month"), AREA), currency="USD"),
    Case("gifts_among_sales", (out("group", lambda h: "Gifts" if h.number % 11 == 0 else "Sales"), day("instance date", "%d-%m-%Y"), PRICE, AREA, SUBURB)),
    Case("half_rooms", (written("Zimmer", lambda h: f"{h.rooms}½" if h.flag else str(h.rooms), lambda h: h.rooms + 0.5 * h.flag, "bedrooms"), num("Wohnfläche", lambda h: h.living, role="living_area"), written("Verkaufspreis", lambda h: f"CHF {group(h.price, chr(39))}.-", lambda h: h.price, "target"), day("Verkaufsdatum", "%d.%m.%Y")), currency="CHF", separator=";"),
    Case("lender", (num("Kaufpreis EUR", lambda h: h.price, role="target"), day("Kaufdatum", "%d.%m.%Y"), num("Wohnfläche m²", lambda h: h.living, role="living_area", unit="m²"), out("Beleihungswert EUR", lambda h: str(round(h.price * (0.8 + h.door / 900), -3))), out("Darlehen EUR", lambda h: str(round(h.price * (0.4 + h.door / 400)))), cat("Ort", lambda h: ("Kiel", "Bremen", "Hamburg")[h.heat], "location")), currency="EUR", separator=";"),
    Case("district_and_ratio", (num("price", lambda h: h.price, role="target"), num("area_m", lambda h: 6_407_578 + 3000 * h.place), num("floor_area_ratio", lambda h: 100 + 20 * h.floor), num("GIA sqm", lambda h: h.living, role="living_area", unit="m²"), Col("state", lambda h: str(h.grade), ("ordinal",), None), SUBURB)),
    Case("point_in_one_text", (PRICE, AREA, SUBURB, day("sale_date", "%m/%d/%Y"), out("Location", lambda h: f"POINT ({h.lon:.5f} {h.lat:.5f})"))),
    Case("ground_floors", (PRICE, AREA, SUBURB, written("Étage", lambda h: "RDC" if h.floor == 0 else f"{h.floor}e étage", lambda h: h.floor), written("Beds", lambda h: "Studio" if h.beds == 1 else str(h.beds), lambda h: 0 if h.beds == 1 else h.beds, "bedrooms"))),
    Case("rents_in_cells", (written("Precio", lambda h: f"{h.price // 250} €/mes" if h.flag else f"{h.price} €", lambda h: h.price), num("Superficie m2", lambda h: h.living)), asked=asked("rents_mixed")),
    Case("states_of_offers", (PRICE, AREA, SUBURB, out("status", lambda h: ("sold", "sold", "for_sale", "ready_to_build")[h.number % 4]))),
    Case("money_with_and_without_commas", (written("SalePrice", lambda h: f"${group(h.price, ',')}" if h.number % 9 == 0 else str(h.price), lambda h: h.price, "target"), AREA, day("SaleDate", "%B %-d, %Y"))),
)  # fmt: skip
