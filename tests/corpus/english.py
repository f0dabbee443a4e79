"""Files in the forms of English-speaking countries' registers, portals and competitions."""

# ruff: noqa: E501 - a column a line would hide the file
from corpus.houses import PLACES, House
from corpus.spec import Case, Col, cat, day, flag, free, group, num, out, written

SQFT = 10.7639
TOWNS = PLACES["en"]


def place(house: House) -> str:
    """Return the suburb."""
    return TOWNS[house.place]


def feet(house: House) -> int:
    """Return the living area in square feet."""
    return round(house.living * SQFT)


def lot_feet(house: House) -> int:
    """Return the area of the lot in square feet."""
    return round(house.lot * SQFT)


def street(house: House) -> str:
    """Return street and number, as it is read aloud."""
    return f"{house.door} {house.street}"


ZIP = cat("zip", lambda h: f"0{2100 + h.place}", "location")
COORDS = (
    num("Latitude", lambda h: round(h.lat, 6), role="latitude"),
    num("Longitude", lambda h: round(h.lon, 6), role="longitude"),
)

CASES = (
    Case("redfin", (
        out("SALE TYPE", lambda h: "PAST SALE" if h.flag else "MLS Listing"),
        day("SOLD DATE", "%B-%d-%Y"), cat("PROPERTY TYPE", lambda h: ("Condo/Co-op", "Townhouse", "Single Family Residential")[h.heat]),
        free("ADDRESS", street), cat("CITY", lambda h: "Boston" if h.flag else "Quincy", "?"), cat("ZIP OR POSTAL CODE", lambda h: f"0{2100 + h.place}", "location"),
        num("PRICE", lambda h: h.price, role="target"), num("BEDS", lambda h: h.beds, role="bedrooms"), num("BATHS", lambda h: h.baths + 0.5 * h.flag, role="bathrooms"),
        num("SQUARE FEET", feet, role="living_area", unit="sq ft"), num("LOT SIZE", lot_feet, role="lot_area", blank=0.1), num("YEAR BUILT", lambda h: h.built, role="year_built"),
        out("DAYS ON MARKET", lambda h: str((h.day - h.listed).days)), out("$/SQUARE FEET", lambda h: str(round(h.price / feet(h)))),
        out("STATUS", lambda h: "Sold"), out("URL", lambda h: f"http://www.example.com/MA/{h.number}"), out("MLS#", lambda h: str(72000000 + h.number * 7)),
        num("LATITUDE", lambda h: round(h.lat, 7), role="latitude"), num("LONGITUDE", lambda h: round(h.lon, 7), role="longitude"),
    )),
    Case("zillow_scrape", (
        cat("address", lambda h: f"{street(h)}, {place(h)}, MA 0{2100 + h.place}", "address"),
        written("price", lambda h: f"${group(h.price, ',')}", lambda h: h.price, "target"), written("bedrooms", lambda h: f"{h.beds} bds", lambda h: h.beds, "bedrooms"),
        written("bathrooms", lambda h: f"{h.baths} ba", lambda h: h.baths, "bathrooms"), written("area", lambda h: f"{group(feet(h), ',')} sqft", feet, "living_area", unit="sq ft"),
        written("lot", lambda h: f"{h.lot / 4046.8564224:.2f} acres" if h.lot > 800 else f"{group(lot_feet(h), ',')} sqft",
                lambda h: round(h.lot / 4046.8564224, 2) * 43560 if h.lot > 800 else lot_feet(h), "lot_area", unit="sq ft"),
        day("dateSold", "%m/%d/%Y"), out("zestimate", lambda h: f"${group(h.asked * 1.01, ',')}"), out("detailUrl", lambda h: f"https://www.example.com/homedetails/{h.number}_zpid/"),
    ), currency="USD"),
    Case("hm_land_registry", (
        out("Transaction unique identifier", lambda h: f"{{{h.number * 7919:08X}-43{h.door:02d}-4E}}"), num("Price", lambda h: h.price, role="target"),
        day("Date of Transfer", "%Y-%m-%d 00:00"), cat("Postcode", lambda h: f"RG{h.place + 1} {h.place}{'AB' if h.flag else 'CD'}", "location"),
        cat("Property Type", lambda h: "DSTF"[h.heat]), flag("Old/New", "Y", "N"), cat("Duration", lambda h: "F" if h.place > 3 else "L"),
        Col("PAON", lambda h: str(h.door)), Col("SAON", lambda h: f"FLAT {h.floor}", blank=0.7), cat("Street", lambda h: h.street.upper(), "?"),
        cat("Town/City", lambda h: place(h).upper(), "?"), out("PPD Category Type", lambda h: "A" if h.place else "B"), out("Record Status", lambda h: "A"),
    ), joined={"address": ("PAON", "SAON", "Street", "Town/City")}),
    Case("ireland_ppr", (
        day("Date of Sale (dd/mm/yyyy)", "%d/%m/%Y"), cat("Address", lambda h: f"{street(h)}, {place(h)}", "address"), cat("County", lambda h: "Dublin" if h.flag else "Cork", "?"),
        written("Price (€)", lambda h: f"€{group(h.price, ',', 2)}", lambda h: h.price, "target"), out("Not Full Market Price", lambda h: "Yes" if h.number % 17 == 0 else "No"),
        out("VAT Exclusive", lambda h: "Yes" if h.flag else "No"),
        cat("Description of Property", lambda h: "New Dwelling house /Apartment" if h.flag else "Second-Hand Dwelling house /Apartment"),
    ), currency="EUR", encoding="cp1252"),
    Case("melbourne", (
        cat("Suburb", place, "?"), Col("Address", street), num("Rooms", lambda h: h.rooms, role="?"), cat("Type", lambda h: "hut"[h.heat]),
        num("Price", lambda h: float(h.price), role="target"), out("Method", lambda h: ("S", "SP", "PI")[h.heat]), out("SellerG", lambda h: ("Jellis", "Biggin", "Nelson")[h.heat]),
        day("Date", "%-d/%m/%Y"), num("Distance", lambda h: 1.5 + h.place), cat("Postcode", lambda h: f"{3040 + h.place}.0", "location"), num("Bedroom2", lambda h: float(h.beds), role="bedrooms"),
        num("Bathroom", lambda h: float(h.baths), role="bathrooms"), num("Car", lambda h: float(h.heat), blank=0.1), num("Landsize", lambda h: float(h.lot), role="lot_area"),
        num("BuildingArea", lambda h: float(h.living), role="living_area", blank=0.4), num("YearBuilt", lambda h: float(h.built), role="year_built", blank=0.4),
        cat("CouncilArea", lambda h: place(h)[:5], "?"), num("Lattitude", lambda h: round(-h.lat, 4), role="latitude"), num("Longtitude", lambda h: round(h.lon, 4), role="longitude"),
        cat("Regionname", lambda h: "Northern Metropolitan" if h.flag else "Southern", "?"), num("Propertycount", lambda h: float(4000 + 10 * h.place)),
    ), joined={"address": ("Address", "Suburb")}),
    Case("perth", (
        free("ADDRESS", street), cat("SUBURB", place, "location"), num("PRICE", lambda h: h.price, role="target"), num("BEDROOMS", lambda h: h.beds, role="bedrooms"),
        num("BATHROOMS", lambda h: h.baths, role="bathrooms"), num("GARAGE", lambda h: h.heat, blank=0.2, mark="NULL"), num("LAND_AREA", lambda h: h.lot, role="lot_area"),
        num("FLOOR_AREA", lambda h: h.living, role="living_area"), num("BUILD_YEAR", lambda h: h.built, role="year_built", blank=0.1, mark="NULL"), num("CBD_DIST", lambda h: 1000 + 900 * h.place),
        day("DATE_SOLD", "%m-%Y"), num("LATITUDE", lambda h: round(-h.lat, 8), role="latitude"), num("LONGITUDE", lambda h: round(h.lon + 100, 8), role="longitude"),
    )),
    Case("domain_au", (
        free("listing_address", street), cat("suburb", place, "?"), cat("post_code", lambda h: str(2010 + h.place), "location"),
        written("sold_price", lambda h: f"${h.price / 1e6:.3f}m" if h.price > 10**6 else f"${h.price / 1e3:.1f}k", lambda h: round(h.price / 1e6, 3) * 1e6 if h.price > 10**6 else h.price, "target"),
        out("price_guide", lambda h: f"${h.asked // 1000}k"), day("sold_on", "%d %b %Y"), num("beds", lambda h: h.beds, role="bedrooms"), num("baths", lambda h: h.baths, role="bathrooms"),
        num("parking", lambda h: h.heat), written("land_size", lambda h: f"{h.lot}m²", lambda h: h.lot, "lot_area", unit="m²"), out("agency", lambda h: "Ray White" if h.flag else "LJ Hooker"),
    ), rows=200),
    Case("ames", (
        out("Order", lambda h: str(h.number)), cat("PID", lambda h: f"0{526301100 + h.number * 13}", "parcel"), cat("MS SubClass", lambda h: f"0{20 + 10 * h.heat}", None),
        cat("MS Zoning", lambda h: "RL" if h.flag else "RM"), num("Lot Frontage", lambda h: 40 + h.door, blank=0.15, mark="NA"), num("Lot Area", lot_feet, role="lot_area"),
        cat("Alley", lambda h: "Pave" if h.flag else "Grvl", blank=0.8, mark="NA"), cat("Neighborhood", place, "location"),
        Col("Overall Qual", lambda h: str(h.grade * 2), ("ordinal", "integer"), "quality"), num("Year Built", lambda h: h.built, role="year_built"),
        num("Year Remod/Add", lambda h: max(h.built, h.renovated, 1950), role="year_renovated"), cat("Mas Vnr Type", lambda h: "None" if h.flag else "BrkFace"),
        Col("Exter Qual", lambda h: ("Po", "Fa", "TA", "Gd", "Ex")[h.grade - 1], ("ordinal",), "?", levels=("Po", "Fa", "TA", "Gd", "Ex")),
        Col("Bsmt Cond", lambda h: ("Fa", "Fa", "TA", "Gd", "Ex")[h.grade - 1], ("ordinal",), "?", blank=0.05, mark="NA", levels=("Po", "Fa", "TA", "Gd", "Ex")),
        num("Total Bsmt SF", lambda h: feet(h) // 2), num("Gr Liv Area", feet, role="living_area"), num("Full Bath", lambda h: h.baths, role="bathrooms"),
        num("Bedroom AbvGr", lambda h: h.beds, role="bedrooms"), flag("Central Air", "Y", "N"), num("Garage Area", lambda h: 200 + h.door), num("Misc Val", lambda h: 0 if h.flag else h.door),
        Col("Mo Sold", lambda h: str(h.day.month)), Col("Yr Sold", lambda h: str(h.day.year)), out("Sale Type", lambda h: "WD " if h.flag else "New"), out("Sale Condition", lambda h: "Normal" if h.flag else "Abnorml"),
        num("SalePrice", lambda h: h.price, role="target"),
    ), joined={"sale_date": ("Yr Sold", "Mo Sold")}, rows=300, separator="\t"),
    Case("singapore", (
        day("month", "%Y-%m"), cat("town", lambda h: place(h).upper(), "location"), cat("flat_type", lambda h: f"{h.beds} ROOM" if h.beds < 6 else "EXECUTIVE"),
        Col("block", lambda h: f"{h.door}{'A' if h.flag else ''}"), cat("street_name", lambda h: h.street.upper(), "?"), written("storey_range", lambda h: f"{3 * h.floor + 1:02d} TO {3 * h.floor + 3:02d}", lambda h: 3 * h.floor + 2),
        num("floor_area_sqm", lambda h: float(h.living), role="living_area", unit="m²"), cat("flat_model", lambda h: ("Improved", "New Generation", "Model A")[h.heat]),
        num("lease_commence_date", lambda h: 1970 + h.floor, role="?"), written("remaining_lease", lambda h: f"{50 + h.floor} years {h.heat + 4:02d} months", lambda h: 50 + h.floor + (h.heat + 4) / 12),
        num("resale_price", lambda h: float(h.price), role="target"),
    ), joined={"address": ("block", "street_name", "town")}),
    Case("nyc_rolling", (
        cat("BOROUGH", lambda h: str(1 + h.heat), "?"), cat("NEIGHBORHOOD", lambda h: place(h).upper(), "?"), cat("BUILDING CLASS CATEGORY", lambda h: "01 ONE FAMILY DWELLINGS" if h.flag else "10 COOPS - ELEVATOR APARTMENTS"),
        Col("BLOCK", lambda h: str(300 + h.place * 7)), Col("LOT", lambda h: str(h.number)), out("EASE-MENT", lambda h: ""), free("ADDRESS", lambda h: street(h).upper()), cat("ZIP CODE", lambda h: str(10001 + h.place), "?"),
        num("RESIDENTIAL UNITS", lambda h: 1 + h.heat), written("LAND SQUARE FEET", lambda h: group(lot_feet(h), ","), lot_feet, "lot_area", blank=0.2, mark="-"),
        written("GROSS SQUARE FEET", lambda h: group(feet(h), ","), feet, "living_area", blank=0.2, mark="-"), num("YEAR BUILT", lambda h: h.built, role="year_built", blank=0.1, mark="0"),
        free("TAX CLASS AT TIME OF SALE", lambda h: str(1 + h.heat)), written("SALE PRICE", lambda h: f"${group(h.price, ',')}", lambda h: h.price, "target"), day("SALE DATE", "%m/%d/%Y"),
    ), joined={"parcel": ("BOROUGH", "BLOCK", "LOT")}, currency="USD", rows=250),
    Case("king_county", (
        cat("id", lambda h: str(7129300520 + 31 * h.number), "parcel"), day("date", "%Y%m%dT000000"), num("price", lambda h: h.price, role="target"), num("bedrooms", lambda h: h.beds, role="bedrooms"),
        num("bathrooms", lambda h: h.baths + 0.25 * h.heat, role="bathrooms"), num("sqft_living", feet, role="living_area", unit="sq ft"), num("sqft_lot", lot_feet, role="lot_area", unit="sq ft"),
        num("floors", lambda h: 1 + h.heat / 2), flag("waterfront", "1", "0"), Col("grade", lambda h: str(h.grade + 4), ("ordinal",), "quality"), num("sqft_above", lambda h: feet(h) - 100 * h.heat), num("yr_built", lambda h: h.built, role="year_built"),
        num("yr_renovated", lambda h: h.renovated, role="year_renovated"), cat("zipcode", lambda h: str(98101 + h.place), "location"), num("lat", lambda h: round(h.lat, 4), role="latitude"), num("long", lambda h: round(h.lon, 3), role="longitude"),
        num("sqft_living15", lambda h: feet(h) + 50, role="neighbour_living_area"), num("sqft_lot15", lambda h: lot_feet(h) + 99, role="neighbour_lot_area"),
    )),
    Case("grinnell", (
        day("Date", "%m/%d/%Y"), num("Bedrooms", lambda h: h.beds, role="bedrooms"), num("Baths", lambda h: h.baths, role="bathrooms"), num("SquareFeet", feet, role="living_area"), num("LotSize", lambda h: round(h.lot / 4046.86, 3), role="lot_area"),
        num("YearBuilt", lambda h: h.built, role="year_built"), free("YearSold", lambda h: str(h.day.year)), cat("Address", street, "address"),
        out("ListPrice", lambda h: str(h.asked)), out("OrigPrice", lambda h: str(h.asked + 5000)), num("SalePrice", lambda h: h.price, role="target"), out("SPLPPct", lambda h: f"{100 * h.price / h.asked:.2f}"), out("CostPerSqFt", lambda h: f"{h.price / feet(h):.2f}"),
    )),
    Case("lucas_county", (
        num("price", lambda h: h.price, role="target"), num("yrbuilt", lambda h: h.built, role="year_built"), cat("stories", lambda h: ("one", "two", "bilevel")[h.heat]), num("TLA", feet, role="?"), num("beds", lambda h: h.beds, role="bedrooms"), num("lotsize", lot_feet, role="lot_area"),
        out("avalue", lambda h: str(round(h.price * 0.9))), day("sdate", "%y%m%d"),
    )),
    Case("nz_council", (
        free("Valuation Reference", lambda h: f"{h.number * 17 + 10000}-{h.door:03d}00"), day("Sale Date", "%d-%b-%y"), written("Net Sale Price", lambda h: f"NZ${group(h.price, ',')}", lambda h: h.price, "target"), out("Capital Value", lambda h: group(h.asked * 0.92, ",")), out("Land Value", lambda h: group(h.asked * 0.5, ",")),
        written("Land Area (ha)", lambda h: f"{h.lot / 1e4:.4f}", lambda h: round(h.lot / 1e4, 4), "lot_area", unit="ha"), num("Floor Area (m2)", lambda h: h.living, role="living_area", unit="m²"), cat("Suburb", place, "location"),
    ), currency="NZD"),
    Case("toronto", (
        free("Address", lambda h: f"{street(h)}, Toronto"), out("List Price", lambda h: f"$ {group(h.asked, ',')}"), written("Sold Price", lambda h: f"$ {group(h.price, ',')}", lambda h: h.price, "target"), day("Sold Date", "%Y/%m/%d"), out("DOM", lambda h: str((h.day - h.listed).days)),
        cat("Community", place, "location"), written("Approx Sq Ft", lambda h: f"{feet(h) // 100 * 100}-{feet(h) // 100 * 100 + 99}", lambda h: feet(h) // 100 * 100 + 49.5, "living_area"), out("Taxes", lambda h: f"${group(h.price / 150, ',', 2)}"), out("Brokerage commission", lambda h: "2.5%" if h.flag else "2.25%"),
    )),
    Case("india_lakhs", (
        cat("location", place, "location"), written("size", lambda h: f"{h.beds} BHK", lambda h: h.beds, "?"), num("total_sqft", feet, role="living_area"), num("bath", lambda h: h.baths, role="bathrooms"),
        written("Selling Price", lambda h: f"₹ {h.price / 1e5:.2f} Lac", lambda h: round(h.price / 1e5, 2) * 1e5, "target"), out("price_per_sqft", lambda h: f"{h.price / feet(h):.2f}"),
    ), currency="INR"),
    Case("connecticut", (
        free("Serial Number", lambda h: str(20000 + 7 * h.number)), day("Date Recorded", "%m/%d/%Y"), cat("Town", place, "location"), free("Address", lambda h: street(h).upper()), out("Assessed Value", lambda h: f"{h.asked * 0.7:.2f}"),
        num("Sale Amount", lambda h: float(h.price), role="target"), out("Sales Ratio", lambda h: f"{h.asked * 0.7 / h.price:.6f}"), cat("Residential Type", lambda h: ("Single Family", "Condo", "Two Family")[h.heat]),
    )),
    Case("dubai", (
        out("transaction_id", lambda h: f"1-11-{h.day.year}-{h.number + 300}"), day("instance_date", "%d-%m-%Y"), cat("area_name_en", place, "location"), num("procedure_area", lambda h: round(h.living + 0.37, 2), role="?"), num("actual_worth", lambda h: h.price, role="target"), out("meter_sale_price", lambda h: f"{h.price / (h.living + 0.37):.2f}"),
    )),
)  # fmt: skip
