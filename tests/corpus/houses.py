"""Made houses with a known truth, of which the files of the corpus are written in other people's forms."""

import random
from dataclasses import dataclass
from datetime import date, timedelta

PLACES = {
    "en": ("Abbotsford", "Brunswick", "Carlton North", "Fitzroy", "Kew", "Northcote", "St Kilda", "Richmond"),
    "es": ("Chamberí", "Salamanca", "Arganzuela", "Tetuán", "Retiro", "La Latina", "Moratalaz", "Usera"),
    "pt": ("Moema", "Pinheiros", "Vila Mariana", "Tatuapé", "Santana", "Bela Vista", "Lapa", "Perdizes"),
    "fr": ("Croix-Rousse", "Bellecour", "Villeurbanne", "Gerland", "Vaise", "Montchat", "Ainay", "Mermoz"),
    "de": ("Altona", "Eimsbüttel", "Wandsbek", "Bergedorf", "Harburg", "Barmbek-Nord", "Ottensen", "Lokstedt"),
}
STREETS = {
    "en": ("High Street", "Station Road", "Church Lane", "Victoria Ave", "Park View", "Mill Lane"),
    "es": ("Calle Mayor", "Calle de Alcalá", "Gran Vía", "Calle Goya", "Paseo del Prado", "Calle Luna"),
    "pt": ("Rua Augusta", "Rua das Flores", "Avenida Paulista", "Rua Bahia", "Rua Itu", "Rua Lisboa"),
    "fr": ("RUE DE LA REPUBLIQUE", "RUE VICTOR HUGO", "AV FOCH", "RUE PASTEUR", "CHE DES PINS", "RUE NEUVE"),
    "de": ("Hauptstraße", "Bahnhofstraße", "Gartenweg", "Schulstraße", "Lindenallee", "Am Markt"),
}


@dataclass(frozen=True)
class House:
    """One sale; areas in square metres."""

    number: int
    living: int
    lot: int
    beds: int
    baths: int
    rooms: int
    floor: int
    built: int
    renovated: int
    day: date
    listed: date
    price: int
    asked: int
    grade: int
    place: int
    street: str
    door: int
    lat: float
    lon: float
    flag: bool
    heat: int

    @property
    def per_metre(self) -> float:
        """Price per square metre."""
        return self.price / self.living


def houses(count: int, seed: int, language: str = "en", first: date = date(2014, 1, 2), days: int = 700) -> list[House]:
    """Return sales whose price follows from size, place and age, with noise."""
    dice = random.Random(seed)  # noqa: S311 - made houses are no secret
    made = []
    for number in range(1, count + 1):
        living = max(28, round(dice.lognormvariate(4.5, 0.4)))
        place, grade, built = dice.randrange(8), dice.randint(1, 5), dice.randint(1890, 2012)
        level = 1500 + 250 * place + 180 * grade + 3 * (built - 1890)
        price = round(living**0.9 * level * dice.lognormvariate(0, 0.22) * 1.6, -2)
        day = first + timedelta(days=dice.randrange(days))
        made.append(
            House(
                number, living, round(living * dice.lognormvariate(1.2, 0.7)), min(6, max(1, living // 30)),
                min(4, 1 + living // 70), min(9, 1 + living // 22), dice.randint(0, 9), built,
                dice.choice((0, 0, 0, dice.randint(built, 2013))), day, day - timedelta(days=dice.randint(5, 200)),
                int(price), int(round(price * dice.uniform(1.0, 1.12), -3)), grade, place,
                dice.choice(STREETS[language]), dice.randint(1, 180), 40.3 + place / 50 + dice.uniform(0, 0.02),
                -3.7 + place / 70 + dice.uniform(0, 0.02),
                dice.random() < 0.3, dice.randrange(3),
            )
        )  # fmt: skip
    return made
