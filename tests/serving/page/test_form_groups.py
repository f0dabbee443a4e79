"""Groups of the form: by role, unit, and words in several languages."""

from typing import Any

import pytest

from houseprice.schema import Column
from houseprice.serving.page.form_groups import form_group


@pytest.mark.parametrize(
    ("name", "about", "group"),
    [
        ("x1", {"role": "living_area"}, "size"), ("x1", {"role": "bathrooms"}, "rooms"),
        ("x1", {"role": "quality", "kind": "ordinal", "levels": [1, 2]}, "age"),
        ("x1", {"role": "sale_date", "kind": "date"}, "date"), ("x1", {"unit": "sq ft"}, "size"),
        ("x1", {"unit": "m²"}, "size"), ("YearBuilt", {}, "age"), ("Garage.Yr.Blt", {}, "age"),
        ("garage", {}, "extras"), ("TotRms.AbvGrd", {}, "rooms"), ("Kitchen.Qual", {}, "age"),
        ("Lot.Frontage", {}, "size"), ("GarageCars", {}, "extras"),
        ("x1", {"description": "Number of floors; an attic counts a half"}, "rooms"), ("Planta", {}, "rooms"),
        ("Estado de conservación", {}, "age"), ("Baños", {}, "rooms"), ("Año de reforma", {}, "age"),
        ("Barrio", {}, "place"),
        ("zipcode", {}, "place"), ("Ascensor", {}, "extras"), ("aircon", {}, "extras"),
        ("", {}, "extras"), ("日本", {}, "extras"),
    ],
)  # fmt: skip
def test_a_column_is_where_people_look_for_it(name: str, about: dict[str, Any], group: str) -> None:
    """What nothing is known of is an extra."""
    assert form_group(name, Column.model_validate({"kind": "number", **about})) == group
