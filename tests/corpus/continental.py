"""Files in the forms of registers and portals of Italy, the Netherlands, the north and the east of Europe."""

# ruff: noqa: E501, RUF001 - a column a line would hide the file
from datetime import date

from corpus.european import barrio, named
from corpus.spec import Case, Col, cat, comma, day, flag, free, group, num, out, written

IT = (
    "gennaio",
    "febbraio",
    "marzo",
    "aprile",
    "maggio",
    "giugno",
    "luglio",
    "agosto",
    "settembre",
    "ottobre",
    "novembre",
    "dicembre",
)
F19 = date(2019, 1, 3)

CASES = (
    Case("italia_agenzia", (
        cat("Comune", barrio("fr"), "location"), free("Foglio", lambda h: str(10+h.place)), written("Prezzo dichiarato", lambda h: f"{group(h.price,'.',2,',')} €", lambda h: h.price, "target"), written("Superficie (mq)", lambda h: comma(h.living,1), lambda h: h.living, "living_area", unit="m²"), num("Vani", lambda h: h.rooms, role="?"), num("Bagni", lambda h: h.baths, role="bathrooms"), named("Data atto", "{d} {m} {y}", IT), out("Rendita catastale", lambda h: f"{comma(h.asked/180)} €"), flag("Ascensore", "Sì", "No"), num("Anno costruzione", lambda h: h.built, role="year_built"), Col("Classe energetica", lambda h: "GFEDCBA"[h.grade], ("ordinal",), "?"), out("Prezzo richiesto", lambda h: f"{group(h.asked,'.',2,',')} €"),
    ), language="fr", separator=";", currency="EUR"),
    Case("nederland", (
        cat("Postcode", lambda h: f"{1011+h.place} {'AB' if h.flag else 'CD'}", "?"), written("Transactieprijs", lambda h: f"€ {group(h.price,'.')}", lambda h: h.price, "target"), out("Vraagprijs", lambda h: f"€ {group(h.asked,'.')}"), out("WOZ-waarde", lambda h: f"€ {group(h.asked*.8,'.')}"), written("Woonoppervlakte", lambda h: f"{h.living} m2", lambda h: h.living, "living_area", unit="m²"), written("Perceeloppervlakte", lambda h: f"{group(h.lot,'.')} m2", lambda h: h.lot, "lot_area", unit="m²"), num("Bouwjaar", lambda h: h.built, role="year_built"), num("Kamers", lambda h: h.rooms, role="?"), num("Slaapkamers", lambda h: h.beds, role="bedrooms"), Col("Energielabel", lambda h: "GFEDCBA"[h.grade], ("ordinal",), "?"), day("Transportdatum", "%d-%m-%Y"), flag("Tuin", "ja", "nee"),
    ), language="de", separator=";", currency="EUR"),
    Case("polska", (
        cat("Dzielnica", barrio("de"), "?"), written("Cena transakcyjna", lambda h: f"{group(h.price*4,' ')} zł", lambda h: h.price*4, "target"), written("Powierzchnia użytkowa", lambda h: f"{comma(h.living+.5)} m2", lambda h: h.living+.5, "living_area", unit="m²"), out("Cena za m2", lambda h: f"{group(h.per_metre*4,' ')} zł"), num("Liczba pokoi", lambda h: h.rooms, role="?"), num("Rok budowy", lambda h: h.built, role="year_built"), day("Data transakcji", "%d.%m.%Y"), flag("Winda", "tak", "nie"), num("Piętro", lambda h: h.floor),
    ), language="de", separator=";", currency="PLN", encoding="cp1250"),
    Case("sverige", (
        free("Adress", lambda h: f"{h.street} {h.door}"), cat("Område", barrio("de"), "?"), written("Slutpris", lambda h: f"{group(h.price*9,chr(0xa0))} kr", lambda h: h.price*9, "target"), out("Utgångspris", lambda h: f"{group(h.asked*9,chr(0xa0))} kr"), written("Boarea", lambda h: f"{h.living} m²", lambda h: h.living, "living_area", unit="m²"), num("Antal rum", lambda h: h.rooms, role="?"), free("Avgift", lambda h: f"{group(2000+h.door*10,chr(0xa0))} kr/mån"), day("Såld", "%Y-%m-%d"), num("Byggår", lambda h: h.built, role="year_built"), out("Pris per kvm", lambda h: f"{group(h.per_metre*9,chr(0xa0))} kr/m²"), flag("Hiss", "Ja", "Nej"),
    ), language="de", separator=";", currency="SEK"),
    Case("danmark", (
        free("Vejnavn", lambda h: f"{h.street} {h.door}"), cat("Postnr", lambda h: f"0{800+h.place}", "location"), written("Købesum", lambda h: f"{group(h.price*7,'.')} kr.", lambda h: h.price*7, "target"), out("Udbudspris", lambda h: f"{group(h.asked*7,'.')} kr."), num("Boligareal", lambda h: h.living, role="living_area"), num("Grundareal", lambda h: h.lot, role="lot_area"), num("Byggeår", lambda h: h.built, role="year_built"), day("Salgsdato", "%d-%m-%Y"), cat("Boligtype", lambda h: ("Villa","Rækkehus","Ejerlejlighed")[h.heat]), out("Ejendomsvurdering", lambda h: f"{group(h.asked*5,'.')} kr."),
    ), language="de", separator=";", currency="DKK"),
    Case("cesko", (
        cat("Katastrální území", barrio("de"), "location"), written("Kupní cena", lambda h: f"{group(h.price*25,' ')} Kč", lambda h: h.price*25, "target"), num("Užitná plocha", lambda h: h.living, role="living_area"), cat("Dispozice", lambda h: f"{h.beds}+{'kk' if h.flag else '1'}", "?"), day("Datum podání", "%d.%m.%Y"), flag("Výtah", "ano", "ne"), num("Podlaží", lambda h: h.floor),
    ), language="de", separator=";", currency="CZK"),
    Case("norge", (
        cat("Bydel", barrio("de"), "location"), written("Salgspris", lambda h: f"{group(h.price*10,' ')},-", lambda h: h.price*10, "target"), out("Prisantydning", lambda h: f"{group(h.asked*10,' ')},-"), num("P-rom", lambda h: h.living, role="?"), num("Tomteareal (m²)", lambda h: h.lot, role="lot_area", unit="m²"), num("Byggeår", lambda h: h.built, role="year_built"), day("Salgsdato", "%d.%m.%Y"), free("Fellesgjeld", lambda h: f"{group(h.door*1000,' ')},-"), num("Soverom", lambda h: h.beds, role="bedrooms"),
    ), language="de", separator=";"),
    Case("suomi", (
        cat("Kaupunginosa", barrio("de"), "?"), written("Velaton hinta", lambda h: f"{group(h.price,chr(0xa0))} €", lambda h: h.price, "target"), written("Pinta-ala (m²)", lambda h: comma(h.living+.5,1), lambda h: h.living+.5, "living_area", unit="m²"), num("Rakennusvuosi", lambda h: h.built, role="year_built"), day("Kauppapäivä", "%d.%m.%Y"), flag("Hissi", "on", "ei"), out("Neliöhinta", lambda h: f"{group(h.per_metre,chr(0xa0))} €/m²"),
    ), language="de", separator=";", currency="EUR"),
    Case("turkey", (
        cat("İlçe", barrio("de"), "?"), written("Satış Fiyatı", lambda h: f"{group(h.price*8,'.')} TL", lambda h: h.price*8, "target"), num("Brüt m²", lambda h: h.living, role="?"), num("Net m²", lambda h: round(h.living*.85), role="?"), cat("Oda Sayısı", lambda h: f"{h.beds}+1", "?"), flag("Asansör", "Var", "Yok"), day("Satış Tarihi", "%d.%m.%Y"), num("Bina Yaşı", lambda h: 2015-h.built, role="?"),
    ), language="de", separator=";", encoding="cp1254", currency="TRY"),
    Case("russia", (
        cat("Район", lambda h: ("Арбат","Хамовники","Тверской","Сокол","Аэропорт","Митино","Кунцево","Щукино")[h.place], "location"), written("Цена продажи", lambda h: f"{group(h.price*60,' ')} руб.", lambda h: h.price*60, "target"), written("Площадь, кв.м", lambda h: comma(h.living+.4,1), lambda h: h.living+.4, "living_area", unit="m²"), num("Комнат", lambda h: h.rooms, role="?"), day("Дата сделки", "%d.%m.%Y"), num("Год постройки", lambda h: h.built, role="year_built"), flag("Лифт", "да", "нет"),
    ), separator=";", encoding="cp1251"),
    Case("notaire_fr_dates", (
        named("Date de l'acte", "{d} {m} {y}", ("janv.","févr.","mars","avr.","mai","juin","juil.","août","sept.","oct.","nov.","déc.")), written("Prix net vendeur (€)", lambda h: group(h.price," "), lambda h: h.price, "target"), out("Frais d'agence", lambda h: group(h.price*.05," ")), written("Surface hab. (m2)", lambda h: comma(h.living+.5,1), lambda h: h.living+.5, "living_area", unit="m²"), num("Nb de pièces", lambda h: h.rooms, role="?"), num("Étage", lambda h: h.floor), Col("Classe énergie", lambda h: "GFEDCBA"[h.grade], ("ordinal",), "?"), Col("GES", lambda h: "GFEDCBA"[h.grade-1], ("ordinal",), "?"), cat("Commune", barrio("fr"), "location"), flag("Ascenseur", "Oui", "Non"), flag("Cave", "VRAI", "FAUX"),
    ), separator=";", language="fr", encoding="mac-roman", currency="EUR"),
    Case("kaufpreissammlung", (
        out("lfd. Nr.", lambda h: str(h.number)), day("Kaufdatum", "%d.%m.%Y"), written("Kaufpreis", lambda h: group(h.price,"."), lambda h: h.price, "target"), num("Wohnfläche", lambda h: h.living, role="living_area"), num("Grundstücksfläche", lambda h: h.lot, role="lot_area"), num("Baujahr", lambda h: h.built, role="year_built"), cat("Gemarkung", barrio("de"), "?"), cat("Flurstück", lambda h: f"{h.number}/{h.door}", "parcel"), out("€/m² Wfl.", lambda h: comma(h.per_metre,0)), free("BRW", lambda h: str(200+30*h.place)), Col("Ausstattung", lambda h: ("einfach","mittel","gehoben")[h.heat], ("ordinal",), "?", levels=("einfach","mittel","gehoben")), flag("Keller", "ja", "nein"), free("Miteigentumsanteil", lambda h: f"{h.door}/1000"),
        written("Fläche gewichtet", lambda h: comma(h.living*1.05+.25), lambda h: h.living*1.05+.25, "?"),
    ), separator=";", language="de", first=F19, encoding="cp1252"),
    Case("swiss_typo_apos", (
        cat("Ort", barrio("de"), "location"), written("Preis", lambda h: f"{group(h.price*3,chr(0x2019))}.–", lambda h: h.price*3, "target"), num("Wohnfläche", lambda h: h.living, role="living_area"), day("Datum", "%d.%m.%y"),
    ), separator=";", language="de"),
    Case("austria", (
        cat("KG Nr.", lambda h: f"0{1001+h.place}", "?"), free("EZ", lambda h: str(100+h.number*3)), written("Kaufpreis €", lambda h: group(h.price,".",2,","), lambda h: h.price, "target"), written("m²", lambda h: comma(h.living,2), lambda h: h.living, "living_area", unit="m²"), out("€/m²", lambda h: comma(h.per_metre,2)), day("Erwerbsdatum", "%d.%m.%Y"), free("Bezirk", lambda h: str(1+h.place)),
    ), separator=";", language="de", currency="EUR"),
    Case("price_tsd", (written("Kaufpreis in TEUR", lambda h: comma(h.price/1000,1), lambda h: h.price, "target"), num("Wohnfläche", lambda h: h.living, role="living_area"), cat("Ort", barrio("de"), "location")), separator=";", language="de", currency="EUR"),
    Case("price_in_k", (written("Price (k€)", lambda h: comma(h.price/1000,1), lambda h: h.price, "target"), num("Surface m2", lambda h: h.living, role="living_area", unit="m²"), cat("Quartier", barrio("fr"), "location")), separator=";", language="fr"),
)  # fmt: skip
