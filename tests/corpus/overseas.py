"""Files in the forms of offices and portals of the Americas, Africa and the Pacific."""

# ruff: noqa: E501 - a column a line would hide the file
from datetime import date

from corpus.english import feet, place, street
from corpus.european import barrio, named
from corpus.spec import Case, Col, cat, comma, day, flag, free, group, num, out, written

F19 = date(2019, 1, 3)
ESM = ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic")

CASES = (
    Case("us_county_assessor", (
        cat("APN", lambda h: f"{h.number*7+1000:04d}-{h.place:03d}-{h.door:03d}", "parcel"), cat("Situs_City", place, "?"), cat("Situs Zip", lambda h: f"9{4500+h.place}", "?"), num("Bldg SqFt", feet, role="living_area", unit="sq ft"),
        num("Lot Acres", lambda h: f"{h.lot/4046.86:.2f}" and round(h.lot/4046.86,2), role="lot_area", unit="acres"), num("Yr Blt", lambda h: h.built, role="year_built"), num("Eff Yr Blt", lambda h: max(h.built, h.renovated), role="?"), num("Bdrms", lambda h: h.beds, role="bedrooms"), num("Baths", lambda h: h.baths+.5*h.flag, role="bathrooms"),
        day("Sale Dt", "%m/%d/%Y"), written("Sale Amt", lambda h: f"{group(h.price,',')}", lambda h: h.price, "target"), out("Assd Land", lambda h: group(h.asked*.3, ",")), out("Assd Impr", lambda h: group(h.asked*.5, ",")), out("Total Tax", lambda h: f"{h.asked*.011:.2f}"), out("Deed Type", lambda h: "WD" if h.flag else "QC"), out("Doc No", lambda h: f"2019{h.number*37:06d}"),
        cat("Use Code", lambda h: f"0{100+h.heat}", None),
    ), first=F19, rows=150),
    Case("mls_export", (
        out("MLS Number", lambda h: f"ML8{h.number*91:07d}"), out("Status", lambda h: "Closed"), out("List Price", lambda h: f"${group(h.asked, ',')}"), out("Original List Price", lambda h: f"${group(h.asked*1.02, ',')}"), written("Close Price", lambda h: f"${group(h.price, ',')}", lambda h: h.price, "target"),
        day("Close Date", "%m/%d/%Y"), free("Listing Contract Date", lambda h: h.listed.strftime("%m/%d/%Y")), out("DOM", lambda h: str((h.day-h.listed).days)), out("CDOM", lambda h: str((h.day-h.listed).days+3)), out("SP/LP", lambda h: f"{100*h.price/h.asked:.1f}%"), num("Beds Total", lambda h: h.beds, role="bedrooms"), num("Full Baths", lambda h: h.baths, role="?"), num("Half Baths", lambda h: h.heat, role="?"),
        written("Approx SqFt", lambda h: group(feet(h), ","), feet, "living_area", unit="sq ft"), num("Garage Spaces", lambda h: h.heat), flag("Pool YN", "Y", "N"), cat("Subdivision", place, "?"), num("HOA Fee", lambda h: 100+h.door, blank=.4), out("Selling Agent", lambda h: "Jane Roe" if h.flag else "Max Moe"), out("Buyer Agency Compensation", lambda h: "2.5%" if h.flag else "3%"),
        Col("Public Remarks", lambda h: f"Charming {h.beds} bed home on {h.street} &amp; close to parks, schools and shops. Roof of {h.built+3}. Don&#39;t miss no. {h.number}!", ("text",), None),
    ), currency="USD", first=F19),
    Case("zillow_like", (
        cat("zpid", lambda h: str(20500000+h.number*917), "parcel"), cat("streetAddress", street, "?"), cat("city", place, "?"), cat("zipcode", lambda h: f"0{2130+h.place}", "?"), day("dateSold", "%Y-%m-%d"), num("lastSoldPrice", lambda h: h.price, role="target"), out("zestimate", lambda h: str(h.asked)), out("rentZestimate", lambda h: str(round(h.price/250))), num("livingArea", feet, role="living_area"), written("lotAreaValue", lambda h: f"{h.lot/4046.86:.4f}", lambda h: round(h.lot/4046.86,4), "lot_area"), out("taxAssessedValue", lambda h: str(round(h.asked*.93))), cat("homeType", lambda h: ("SINGLE_FAMILY","CONDO","TOWNHOUSE")[h.heat]), num("yearBuilt", lambda h: h.built, role="year_built"), out("priceHistory", lambda h: ""), out("url", lambda h: f"https://www.example.com/h/{h.number}"),
    ), first=F19),
    Case("aus_million", (
        cat("Property", lambda h: f"{street(h)}, {place(h)} NSW 20{10+h.place}", "address"), written("Sold for", lambda h: f"${h.price/1e6:.2f}m", lambda h: round(h.price/1e6,2)*1e6, "target"), out("Guide", lambda h: f"${h.asked/1e6:.2f}m"), day("Sold date", "%-d %b %Y"), num("Bed", lambda h: h.beds, role="bedrooms"), num("Bath", lambda h: h.baths, role="bathrooms"), num("Car", lambda h: h.heat), written("Land", lambda h: f"{h.lot} sqm", lambda h: h.lot, "lot_area", unit="m²"), out("Method", lambda h: ("Private treaty","Auction","Prior to auction")[h.heat]), out("Agent", lambda h: "McGrath" if h.flag else "LJ Hooker"),
    ), rows=150, currency="XXX"),
    Case("nz_tab", (
        free("QPID", lambda h: str(1500000+h.number*13)), cat("Suburb", place, "location"), day("Sale Date", "%d-%b-%Y"), written("Sale Price (Net)", lambda h: f"${group(h.price,',')}", lambda h: h.price, "target"), out("CV", lambda h: f"${group(h.asked*.95,',')}"), out("RV", lambda h: f"${group(h.asked*.9,',')}"), written("Land area", lambda h: f"{h.lot/10000:.4f}ha" if h.lot>600 else f"{h.lot}m2", lambda h: round(h.lot/10000,4)*10000 if h.lot>600 else h.lot, "lot_area"), num("Floor area m2", lambda h: h.living, role="living_area", unit="m²"), free("Decade", lambda h: f"{h.built//10*10}s"),
    ), separator="\t"),
    Case("south_africa", (
        cat("Erf No", lambda h: f"{1000+h.number*3}", "parcel"), cat("Suburb", place, "location"), written("Purchase Price", lambda h: f"R {group(h.price*10,' ')}", lambda h: h.price*10, "target"), day("Registration Date", "%Y/%m/%d"), num("Erf Size (m2)", lambda h: h.lot, role="lot_area", unit="m²"), num("Floor Size (m2)", lambda h: h.living, role="living_area", unit="m²"), out("Municipal Valuation", lambda h: f"R {group(h.asked*9,' ')}"), out("Bond Amount", lambda h: f"R {group(h.price*8.1,' ')}"),
    ), currency="ZAR"),
    Case("mexico", (
        cat("Colonia", barrio("es"), "location"), written("Precio de venta MXN", lambda h: f"${group(h.price*20,',',2)}", lambda h: h.price*20, "target"), num("Terreno m2", lambda h: h.lot, role="lot_area", unit="m²"), num("Construcción m2", lambda h: h.living, role="living_area", unit="m²"), num("Recámaras", lambda h: h.beds, role="bedrooms"), num("Baños", lambda h: h.baths+.5*h.flag, role="bathrooms"), num("Estacionamientos", lambda h: h.heat), day("Fecha de escrituración", "%d/%m/%Y"), out("Precio de lista", lambda h: f"${group(h.asked*20,',',2)}"), out("Avalúo", lambda h: f"${group(h.asked*19,',',2)}"),
    ), language="es", currency="MXN"),
    Case("argentina_usd", (
        cat("Barrio", barrio("es"), "location"), written("Precio de venta", lambda h: f"U$S {group(h.price,'.')}", lambda h: h.price, "target"), free("Expensas", lambda h: f"$ {group(h.price/20,'.')}"), num("Sup. cubierta", lambda h: h.living, role="living_area"), num("Sup. total", lambda h: h.living+h.heat*10, role="?"), num("Ambientes", lambda h: h.rooms, role="?"), num("Antigüedad", lambda h: 2015-h.built, role="?"), named("Mes de venta", "{m}-{yy}", ESM), flag("Cochera", "SI", "NO"),
    ), language="es", currency="USD"),
    Case("chile_uf", (
        cat("Comuna", barrio("es"), "location"), written("Precio venta (UF)", lambda h: group(h.price/30,".",1,","), lambda h: round(h.price/30,1), "target"), num("Superficie útil", lambda h: h.living, role="living_area"), num("Dormitorios", lambda h: h.beds, role="bedrooms"), num("Baños", lambda h: h.baths, role="bathrooms"), day("Fecha inscripción", "%d-%m-%Y"), out("UF/m2", lambda h: comma(h.per_metre/30,2)), cat("Rol SII", lambda h: f"{h.number+100}-{h.door}", "parcel"),
    ), language="es", separator=";"),
    Case("brazil_real", (
        cat("bairro", barrio("pt"), "location"), written("preço", lambda h: f"R$ {group(h.price,'.',2,',')}", lambda h: h.price, "target"), written("área útil", lambda h: f"{comma(h.living+.5,1)} m²", lambda h: h.living+.5, "living_area", unit="m²"), num("dormitórios", lambda h: h.beds, role="bedrooms"), num("suítes", lambda h: h.heat), num("vagas", lambda h: h.heat), free("condomínio", lambda h: f"R$ {300+h.door},00"), out("IPTU", lambda h: f"R$ {group(h.price*.01,'.',2,',')}"), named("data da venda", "{d} de {m} de {y}", ("janeiro","fevereiro","março","abril","maio","junho","julho","agosto","setembro","outubro","novembro","dezembro")),
    ), language="pt", separator=";", currency="BRL"),
    Case("es_excel", (
        day("Fecha de venta", "%d/%m/%Y"), written("Precio", lambda h: group(h.price,".",2,","), lambda h: h.price, "target"), num("m2 construidos", lambda h: h.living, role="living_area", unit="m²"), num("m2 útiles", lambda h: round(h.living*.85), role="?"), num("Dormitorios", lambda h: h.beds, role="bedrooms"), num("Aseos", lambda h: h.baths, role="?"), flag("Garaje", "sí", "no"), flag("Trastero", "sí", "no", blank=.1), cat("Código postal", lambda h: f"0{8001+h.place}", "location"), Col("Planta", lambda h: ("Bajo","1ª","2ª","3ª","Ático")[h.grade-1], ("category","ordinal"), "?"), Col("Estado", lambda h: ("A reformar","Buen estado","Obra nueva")[h.heat], ("category","ordinal"), "?"),
    ), separator=";", language="es", above="Listado de ventas 2014-2015;;;;;;;;;;\r\n;;;;;;;;;;\r\n", finish=lambda t: t+"\r\nTOTAL;12.345.678,00;;;;;;;;;\r\n", encoding="cp1252"),
    Case("portugal_units_row", (
        cat("Concelho", barrio("pt"), "location"), written("Preço de venda (€)", lambda h: group(h.price," "), lambda h: h.price, "target"), written("Área bruta privativa (m²)", lambda h: comma(h.living+.25), lambda h: h.living+.25, "living_area", unit="m²"), free("Tipologia", lambda h: f"T{h.beds}"), day("Data da escritura", "%Y-%m-%d"), out("Valor patrimonial tributário (€)", lambda h: group(h.asked*.5," ")), out("IMT (€)", lambda h: group(h.price*.06," ")),
    ), language="pt", separator=";", finish=lambda t: "Concelho;Preço de venda;Área bruta privativa;Tipologia;Data da escritura;Valor patrimonial tributário;IMT\r\n;(€);(m²);;;(€);(€)\r\n"+t.split("\r\n",1)[1]),
    Case("epc_join", (
        free("lmk_key", lambda h: f"{h.number*7919:010d}2019{h.door:04d}"), num("price", lambda h: h.price, role="target"), day("date_of_transfer", "%Y-%m-%d"), cat("postcode", lambda h: f"M{h.place+1} {h.heat+1}AB", "?"), num("total_floor_area", lambda h: round(h.living+.3,1), role="living_area"), num("number_habitable_rooms", lambda h: float(h.rooms), role="?", blank=.2), Col("current_energy_rating", lambda h: "GFEDCB"[h.grade], ("ordinal",), "?"), num("current_energy_efficiency", lambda h: h.grade*12+h.heat), cat("construction_age_band", lambda h: ("England and Wales: 1900-1929","England and Wales: 1950-1966","England and Wales: 2007 onwards")[h.heat], None), cat("tenure", lambda h: "Freehold" if h.flag else "Leasehold"), cat("property_type", lambda h: ("House","Flat","Bungalow")[h.heat]), out("priceper", lambda h: f"{h.price/(h.living+.3):.3f}"), free("inspection_year", lambda h: str(h.listed.year)),
    ), first=F19),
)  # fmt: skip
