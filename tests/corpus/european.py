"""Files in the forms of registers and portals of the European continent and Latin America."""

# ruff: noqa: E501 - a column a line would hide the file
from corpus.houses import PLACES, House
from corpus.spec import Case, Col, cat, comma, day, flag, free, group, num, out, written

ES = (
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
)
PT = ("jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez")
FR = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)
DE = (
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
)


def named(name: str, form: str, months: tuple[str, ...], role: str = "sale_date") -> Col:
    """Return a column of dates with names of months; a form has places for d, m and y."""

    def write(house: House) -> str:
        return form.format(d=house.day.day, m=months[house.day.month - 1], y=house.day.year, yy=f"{house.day:%y}")

    return Col(name, write, ("date",), role, lambda h: h.day if "{d" in form else h.day.replace(day=1))


def barrio(language: str):
    """Return what names the quarter of a house."""
    return lambda house: PLACES[language][house.place]


CASES = (
    Case("idealista", (
        cat("ASSETID", lambda h: f"A{9651535568269959 + h.number * 7919}", "parcel"), day("PERIOD", "%Y%m"), num("PRICE", lambda h: comma(h.price, 1), role="target"), out("UNITPRICE", lambda h: comma(h.per_metre, 4)), num("CONSTRUCTEDAREA", lambda h: h.living, role="living_area"),
        num("ROOMNUMBER", lambda h: h.beds, role="?"), num("BATHNUMBER", lambda h: h.baths, role="bathrooms"), flag("HASLIFT", "1", "0"), num("CONSTRUCTIONYEAR", lambda h: h.built, role="year_built"), num("DISTANCE_TO_CITY_CENTER", lambda h: comma(h.place * 0.731 + 0.11, 13)),
        num("LONGITUDE", lambda h: comma(h.lon, 14), role="longitude"), num("LATITUDE", lambda h: comma(h.lat, 13), role="latitude"),
    ), separator=";"),
    Case("portal_es", (
        out("Referencia anuncio", lambda h: f"REF-{h.number * 31:06d}"), day("Fecha de venta", "%d/%m/%Y"), written("Precio de venta", lambda h: f"{group(h.price, '.')} €", lambda h: h.price, "target"), out("Precio de salida", lambda h: f"{group(h.asked, '.')} €"), out("Precio por m²", lambda h: f"{group(h.per_metre, '.')} €/m²"),
        written("Superficie construida", lambda h: f"{h.living} m²", lambda h: h.living, "living_area", unit="m²"), num("Habitaciones", lambda h: h.beds, role="bedrooms"), num("Baños", lambda h: h.baths, role="bathrooms"), flag("Ascensor", "Sí", "No"), cat("Barrio", barrio("es"), "location"), free("Dirección", lambda h: f"{h.street}, {h.door}"),
        num("Año de construcción", lambda h: h.built, role="year_built", blank=0.3, mark="s/d"), Col("Certificado energético", lambda h: "GFEDCBA"[h.grade], ("ordinal",), None), Col("Estado de conservación", lambda h: ("malo", "regular", "normal", "bueno", "excelente")[h.grade - 1], ("ordinal",), None, levels=("malo", "regular", "normal", "bueno", "excelente")),
        out("Comisión", lambda h: "3 %" if h.flag else "4 %"), out("Días en el mercado", lambda h: str((h.day - h.listed).days)),
    ), separator=";", language="es", currency="EUR", encoding="cp1252"),
    Case("notarios_es", (
        cat("Referencia catastral", lambda h: f"{9872023 + h.number}VH{5797 + h.door}S0001WX", "parcel"), named("Fecha operación", "{d} de {m} de {y}", ES), written("Importe (€)", lambda h: group(h.price, ".", 2, ","), lambda h: h.price, "target"), num("Superficie útil (m2)", lambda h: comma(h.living, 2), role="living_area", unit="m²"),
        written("Superficie parcela (m2)", lambda h: group(h.lot, ".", 2, ","), lambda h: h.lot, "lot_area"), cat("C.P.", lambda h: f"0{8001 + h.place}", "location"), cat("Municipio", lambda h: "Barcelona" if h.flag else "Badalona", "?"), out("Valor catastral", lambda h: group(h.price * 0.4, ".", 2, ",")), out("Impuesto ITP", lambda h: group(h.price * 0.1, ".", 2, ",")),
    ), separator=";", language="es", currency="EUR"),
    Case("mes_es", (named("mes", "{m} {y}", ES), num("precio", lambda h: h.price, role="target"), num("metros", lambda h: h.living, role="living_area"), num("dormitorios", lambda h: h.beds, role="bedrooms"), cat("distrito", barrio("es"), "location"), flag("garaje", "si", "no")), language="es"),
    Case("madrid_kaggle", (
        out("Unnamed: 0", lambda h: str(h.number - 1)), out("id", lambda h: str(21742 - h.number)), cat("title", lambda h: f"Piso en venta en {h.street}, {PLACES['es'][h.place]}", "?"), num("sq_mt_built", lambda h: float(h.living), role="?"), num("n_rooms", lambda h: h.beds, role="?"), num("n_bathrooms", lambda h: float(h.baths), role="bathrooms"), cat("neighborhood_id", barrio("es"), "?"),
        num("buy_price", lambda h: h.price, role="?"), out("buy_price_by_area", lambda h: str(round(h.per_metre))), num("built_year", lambda h: float(h.built), role="year_built", blank=0.5), flag("has_lift", "True", "False"), Col("energy_certificate", lambda h: "GFEDCB"[h.grade], ("ordinal",)), out("rent_price", lambda h: str(round(h.price / 240))),
    ), language="es"),
    Case("dvf", (
        out("id_mutation", lambda h: f"2019-{h.number}"), day("date_mutation", "%Y-%m-%d"), out("nature_mutation", lambda h: "Vente" if h.number % 9 else "Adjudication"), num("valeur_fonciere", lambda h: h.price, role="target"), Col("adresse_numero", lambda h: str(h.door)), cat("adresse_nom_voie", lambda h: h.street, "?"), cat("code_postal", lambda h: f"0{1000 + 100 * h.place}", "location"), cat("code_commune", lambda h: f"0{1004 + h.place}", None), cat("nom_commune", barrio("fr"), "?"),
        cat("id_parcelle", lambda h: f"01004000AB{h.number:04d}", "parcel"), cat("type_local", lambda h: "Maison" if h.flag else "Appartement"), num("surface_reelle_bati", lambda h: h.living, role="living_area"), num("nombre_pieces_principales", lambda h: h.rooms, role="?"), num("surface_terrain", lambda h: h.lot, role="lot_area", blank=0.5), num("longitude", lambda h: round(h.lon, 6), role="longitude"), num("latitude", lambda h: round(h.lat, 6), role="latitude"),
    ), language="fr"),
    Case("dvf_brut", (
        day("Date mutation", "%d/%m/%Y"), written("Valeur fonciere", lambda h: comma(h.price), lambda h: h.price, "target"), Col("No voie", lambda h: str(h.door)), cat("Voie", lambda h: h.street, "?"), cat("Code postal", lambda h: str(69001 + h.place), "location"), cat("Commune", lambda h: "LYON" if h.flag else "BRON", "?"), cat("Type local", lambda h: "Maison" if h.flag else "Appartement"), num("Surface reelle bati", lambda h: h.living, role="living_area"), num("Surface terrain", lambda h: h.lot, role="lot_area", blank=0.4),
    ), separator="|", language="fr", rows=200),
    Case("annonces_fr", (
        written("Prix de vente", lambda h: f"{group(h.price, chr(0x202f))} €", lambda h: h.price, "target"), out("Prix demandé", lambda h: f"{group(h.asked, chr(0x202f))} €"), written("Surface habitable", lambda h: f"{comma(h.living, 1)} m²", lambda h: h.living, "living_area", unit="m²"), written("Surface du terrain", lambda h: f"{group(h.lot, chr(0xa0))} m²", lambda h: h.lot, "lot_area", unit="m²"),
        named("Date de vente", "{d} {m} {y}", FR), num("Nb chambres", lambda h: h.beds, role="bedrooms"), num("Salles de bain", lambda h: h.baths, role="bathrooms"), Col("DPE", lambda h: "GFEDCBA"[h.grade], ("ordinal",)), cat("Quartier", barrio("fr"), "location"), flag("Ascenseur", "oui", "non"), Col("État", lambda h: ("mauvais", "passable", "moyen", "bon", "excellent")[h.grade - 1], ("ordinal",), None), out("Honoraires", lambda h: f"{group(h.price * 0.04, chr(0x202f))} €"),
    ), separator=";", language="fr", currency="EUR"),
    Case("immoscout", (
        cat("PLZ", lambda h: f"{20095 + h.place}", "location"), written("Kaufpreis", lambda h: f"{group(h.price, '.')} €", lambda h: h.price, "target"), written("Wohnfläche", lambda h: f"{comma(h.living)} m²", lambda h: h.living, "living_area", unit="m²"), written("Grundstücksfläche", lambda h: f"{group(h.lot, '.', 2, ',')} m²", lambda h: h.lot, "lot_area", blank=0.2, mark="k.A.", unit="m²"), num("Zimmer", lambda h: comma(h.rooms + 0.5 * h.flag, 1), role="?"),
        num("Schlafzimmer", lambda h: h.beds, role="bedrooms"), num("Badezimmer", lambda h: h.baths, role="bathrooms"), num("Baujahr", lambda h: h.built, role="year_built"), day("Verkaufsdatum", "%d.%m.%Y"), flag("Balkon", "ja", "nein"), Col("Zustand", lambda h: ("sehr schlecht", "schlecht", "mittel", "gut", "sehr gut")[h.grade - 1], ("ordinal",), None), out("Angebotspreis", lambda h: f"{group(h.asked, '.')} €"), out("Preis/m²", lambda h: f"{group(h.per_metre, '.', 2, ',')} €"), out("Käuferprovision", lambda h: "3,57 %" if h.flag else "0 %"),
    ), separator=";", language="de", currency="EUR", encoding="cp1252"),
    Case("gutachter_de", (named("Vertragsdatum", "{d}. {m} {y}", DE), written("Preis in EUR", lambda h: f"{group(h.price, '.')},-", lambda h: h.price, "target"), num("Wohnflaeche_qm", lambda h: h.living, role="living_area", unit="m²"), num("Grundstueck_qm", lambda h: h.lot, role="lot_area"), cat("Stadtteil", barrio("de"), "location"), out("Bodenrichtwert", lambda h: str(300 + 20 * h.place + h.door))), separator=";", language="de", currency="EUR"),
    Case("funda", (
        free("Adres", lambda h: f"{h.street} {h.door}"), cat("Postcode", lambda h: f"{1011 + h.place} AB", "location"), cat("Plaats", barrio("de"), "?"), written("Koopsom", lambda h: f"€ {group(h.price, '.')},-", lambda h: h.price, "target"), out("Vraagprijs", lambda h: f"€ {group(h.asked, '.')} k.k."), written("Woonoppervlakte", lambda h: f"{h.living} m²", lambda h: h.living, "living_area", unit="m²"), written("Perceeloppervlakte", lambda h: f"{group(h.lot, '.')} m²", lambda h: h.lot, "lot_area", unit="m²"),
        num("Slaapkamers", lambda h: h.beds, role="bedrooms"), num("Bouwjaar", lambda h: h.built, role="year_built"), day("Verkoopdatum", "%d-%m-%Y"), Col("Energielabel", lambda h: "GFEDCBA"[h.grade], ("ordinal",)), out("WOZ-waarde", lambda h: f"€ {group(h.asked * 0.85, '.')}"), out("Makelaar", lambda h: "Van der Berg" if h.flag else "De Vries"),
    ), language="de", currency="EUR", separator=";"),
    Case("sao_paulo", (
        written("Preço de venda", lambda h: f"R$ {group(h.price, '.', 2, ',')}", lambda h: h.price, "target"), num("Vagas", lambda h: h.heat), written("Área útil", lambda h: f"{h.living} m²", lambda h: h.living, "living_area"), num("Quartos", lambda h: h.beds, role="bedrooms"), num("Banheiros", lambda h: h.baths, role="bathrooms"), cat("Bairro", barrio("pt"), "?"), cat("CEP", lambda h: f"0{1310 + h.place}-{100 + h.place}", "?"), named("Data da venda", "{m}/{y}", PT), out("IPTU", lambda h: f"R$ {group(h.price * 0.01, '.', 2, ',')}"), flag("Mobiliado", "Sim", "Não"), out("Valor do anúncio", lambda h: f"R$ {group(h.asked, '.', 2, ',')}"), out("Aluguel", lambda h: f"R$ {group(h.price / 250, '.', 2, ',')}"),
    ), language="pt", currency="BRL", separator=";"),
    Case("itbi_sp", (cat("N° do Cadastro (SQL)", lambda h: f"{100 + h.place}.{h.number:03d}.0001-{h.heat}", "?"), cat("Nome do Logradouro", lambda h: h.street, "?"), cat("Bairro", barrio("pt"), "location"), written("Valor de Transação", lambda h: group(h.price, ".", 2, ","), lambda h: h.price, "target"), day("Data de Transação", "%d/%m/%Y"), out("Valor Venal de Referência", lambda h: group(h.price * 0.97, ".", 2, ",")), num("Área Construída (m2)", lambda h: h.living, role="living_area"), num("Área do Terreno (m2)", lambda h: h.lot, role="lot_area")), language="pt", separator=";"),
    Case("portugal", (cat("Freguesia", barrio("pt"), "location"), written("Preço", lambda h: f"{group(h.price, ' ')} €", lambda h: h.price, "target"), num("Área bruta (m²)", lambda h: comma(h.living, 1), role="living_area"), num("Quartos", lambda h: h.beds, role="bedrooms"), num("Casas de banho", lambda h: h.baths, role="bathrooms"), day("Data de escritura", "%d-%m-%Y"), flag("Elevador", "S", "N"), num("Ano de construção", lambda h: h.built, role="year_built")), language="pt", currency="EUR", separator=";"),
    Case("paris", (out("index", lambda h: str(h.number - 1)), num("squareMeters", lambda h: h.living, role="living_area", unit="m²"), num("numberOfRooms", lambda h: h.rooms, role="?"), flag("hasYard", "1", "0"), num("floors", lambda h: h.floor), cat("cityCode", lambda h: str(75001 + h.place), "?"), num("made", lambda h: h.built, role="?"), flag("isNewBuilt", "1", "0"), num("price", lambda h: h.price + 0.4, role="target"))),
    Case("argentina", (day("created_on", "%Y-%m-%d", "?"), cat("l3", barrio("es"), "?"), num("lat", lambda h: round(h.lat, 6), role="latitude"), num("lon", lambda h: round(h.lon, 6), role="longitude"), num("rooms", lambda h: float(h.rooms), role="?"), num("surface_total", lambda h: float(h.living), role="?"), num("price", lambda h: float(h.price), role="target"), out("currency", lambda h: "USD"), cat("property_type", lambda h: "Casa" if h.flag else "PH")), currency="USD", language="es"),
    Case("colombia", (cat("Barrio", barrio("es"), "location"), written("Valor de venta", lambda h: f"$ {group(h.price * 3000, '.')}", lambda h: h.price * 3000, "target"), num("Área (m²)", lambda h: h.living, role="living_area"), num("Alcobas", lambda h: h.beds, role="bedrooms"), num("Baños", lambda h: h.baths, role="bathrooms"), Col("Estrato", lambda h: str(1 + h.grade), ("integer", "ordinal", "number", "category"), "?"), day("Fecha de escritura", "%Y/%m/%d"), num("Antigüedad", lambda h: 2015 - h.built)), language="es"),
    Case("swiss", (cat("PLZ", lambda h: str(8001 + h.place), "location"), written("Kaufpreis", lambda h: f"CHF {group(h.price, chr(39))}.-", lambda h: h.price, "target"), num("Zimmer", lambda h: h.rooms + 0.5, role="?"), num("Wohnfläche (m2)", lambda h: h.living, role="living_area"), day("Kaufdatum", "%d.%m.%y", "sale_date")), language="de", currency="CHF", rows=200),
    Case("italy", (written("Prezzo di vendita", lambda h: f"€ {group(h.price, '.')}", lambda h: h.price, "target"), num("Superficie mq", lambda h: h.living, role="living_area", unit="m²"), num("Anno di costruzione", lambda h: h.built, role="year_built"), cat("Zona", barrio("fr"), "location"), day("Data vendita", "%d/%m/%Y")), currency="EUR", separator=";"),
    Case("sweden", (cat("Address", lambda h: f"{h.street} {h.door}", "?"), cat("Area", barrio("de"), "?"), written("Final price", lambda h: f"{group(h.price, ' ')} kr", lambda h: h.price, "target"), out("Asking price", lambda h: f"{group(h.asked, ' ')} kr"), day("Sold date", "%Y-%m-%d"), num("Living area m2", lambda h: h.living, role="living_area"), num("Rooms", lambda h: h.rooms, role="?")), language="de", separator=";"),
)  # fmt: skip
