"""Ways in which dates are written: a text with digits as 9 and names as {M} → a strptime format."""

# ruff: noqa: RUF001 - letters of other alphabets
import re
from dataclasses import dataclass
from functools import lru_cache

from houseprice.conversion.dates import MONTHS, is_quarter
from houseprice.inference.profile import Profile

READABLE = 0.95
"""Share of the values that must be dates for the column to be one of dates."""
MOST_TEMPLATES = 40
MONTH_NAMES: dict[str, int] = {}
for _names in (
    "january february march april may june july august september october november december",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "ene feb mar abr may jun jul ago sep oct nov dic",
    "ener febr marz abri may juni juli agos sept octu novi dici",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "jan fev mar abr mai jun jul ago set out nov dez",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "janv févr mars avr mai juin juil août sept oct nov déc",
    "janv fevr mars avr mai juin juill aout sept oct nov dec",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jan feb mär apr mai jun jul aug sep okt nov dez",
    "jänner feber mrz apr mai jun jul aug sept okt nov dez",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "gen feb mar apr mag giu lug ago set ott nov dic",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "jan feb mrt apr mei jun jul aug sep okt nov dec",
    "januari februari mars april maj juni juli augusti september oktober november december",
    "januar februar marts april maj juni juli august september oktober november december",
    "januar februar mars april mai juni juli august september oktober november desember",
    "jan feb mar apr maj jun jul aug sep okt nov des",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "ledna února března dubna května června července srpna září října listopadu prosince",
    "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь",
    "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta "
    "marraskuuta joulukuuta",
):
    for _number, _name in enumerate(_names.split(), 1):
        MONTH_NAMES.setdefault(_name, _number)

ENGLISH = frozenset(
    [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "sept",
    ]
) | frozenset(MONTHS)
_WEEKDAYS = frozenset(
    [
        "mon",
        "tue",
        "tues",
        "wed",
        "thu",
        "thur",
        "thurs",
        "fri",
        "sat",
        "sun",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "lun",
        "mar",
        "mie",
        "mié",
        "jue",
        "vie",
        "sab",
        "sáb",
        "dom",
        "lunes",
        "martes",
        "miércoles",
        "miercoles",
        "jueves",
        "viernes",
        "sábado",
        "sabado",
        "domingo",
    ]
) - frozenset(("mar",))
_LETTERS = re.compile(r"[^\W\d_]+\.?")
_TIME = re.compile(
    r"(?P<t>T|\s)(?P<h>9?9):99(?P<s>:99(?P<f>\.9{1,9})?)?(?P<p>\s?\{P\})?"
    r"(?P<z>\s?(?:Z|[+-]99(?::?99)?))?(?P<u> UTC| GMT)?$"
)
_COMPACT_TIME = re.compile(r"T9{6}(?P<z>Z)?$")


@dataclass(frozen=True)
class Template:
    """One way in which dates are written: a format with `{1} {2} {3}` where the order is open."""

    format: str
    is_open: bool
    texts: tuple[str, ...]
    rows: int


def templates_of(column: Profile) -> tuple[list[Template], dict[str, int]] | None:
    """Group the texts by how they are written; None when too few of them are dates."""
    groups: dict[str, list[int]] = {}
    months: dict[str, int] = {}
    for place, text in enumerate(column.texts):
        template, names = _template_of(text)
        months |= names
        groups.setdefault(template, []).append(place)
        if len(groups) > MOST_TEMPLATES:
            return None
    found, rows = [], 0
    for template, places in groups.items():
        read = _format_of(template)
        if read is None:
            continue
        count = sum(column.counts[place] for place in places)
        rows += count
        found.append(Template(*read, tuple(column.texts[place] for place in places), count))
    if rows < READABLE * column.filled:
        return None
    return sorted(found, key=lambda one: -one.rows), months


def _template_of(text: str) -> tuple[str, dict[str, int]]:
    """Return a text with digits as 9 and names as {M}, {W}, {P}, and the names of months that it holds."""
    if is_quarter(text):
        return "{Q}", {}
    months: dict[str, int] = {}

    def replaced(found: re.Match[str]) -> str:
        word = found[0].casefold()
        bare = word.rstrip(".")
        if bare in MONTH_NAMES:
            months[word] = MONTH_NAMES[bare]
            return "{M}"
        if bare in _WEEKDAYS:
            return "{W}" + ("." if word.endswith(".") else "")
        return "{P}" if bare in ("am", "pm") else found[0]

    return _digits(_LETTERS.sub(replaced, text)), months


def _digits(text: str) -> str:
    return re.sub(r"\d", "9", text)


@lru_cache(maxsize=512)
def _format_of(template: str) -> tuple[str, bool] | None:  # noqa: PLR0911 - a return for each form
    """Return the strptime format of a template, and whether the order of its parts is open."""
    text, tail = template, ""
    if found := _TIME.search(text):
        tail = (
            ("T" if found["t"] == "T" else " ") + ("%I" if found["p"] else "%H") + ":%M" + (":%S" if found["s"] else "")
        )
        tail += (".%f" if found["f"] else "") + (
            " %p" if (found["p"] or "").startswith(" ") else "%p" if found["p"] else ""
        )
        tail += (" %z" if (found["z"] or "").startswith(" ") else "%z" if found["z"] else "") + (found["u"] or "")
        text = text[: found.start()]
    elif found := _COMPACT_TIME.search(text):
        tail, text = "T%H%M%S" + ("%z" if found["z"] else ""), text[: found.start()]
        if text == "99999999":
            return "%Y%m%d" + tail, False
    if found := re.fullmatch(r"9999([-/. ])9?9\1 ?9?9\.?", text):
        sign = found[1]
        return f"%Y{sign}%m{sign}%d{'.' if text.endswith('.') else ''}{tail}", False
    if found := re.fullmatch(r"9?9([-/. ])( ?)9?9\1\2(9999|99)(\.?)", text):
        sign = found[1] + found[2]
        return ("{1}" + sign + "{2}" + sign + ("{3}" if len(found[3]) == 4 else "{y}") + found[4] + tail), True
    if found := re.fullmatch(r"9999([-/])99?", text):
        return f"%Y{found[1]}%m{tail}", False
    if found := re.fullmatch(r"99?([-/])9999", text):
        return f"%m{found[1]}%Y{tail}", False
    if found := re.fullmatch(r"9999(\s?[年년]\s?)99?(\s?[月월])(?:(\s?)99?(\s?[日号號일]))?", text):
        day = f"{found[3]}%d{found[4]}" if found[4] else ""
        return f"%Y{found[1]}%m{found[2]}{day}{tail}", False
    if text == "{Q}":
        return "year_quarter", False
    if text.count("{M}") == 1:
        return _with_name(text, tail)
    return None


def _with_name(text: str, tail: str) -> tuple[str, bool] | None:
    """Return the format of a date with the name of its month."""
    numbers = re.findall(r"9+", text)
    if not 1 <= len(numbers) <= 2 or any(len(number) not in (1, 2, 4) for number in numbers):
        return None
    words = re.sub(r"\{[MW]\}|9+", "", text)
    if re.search(
        r"[^\W\d_]",
        re.sub(
            r"\b(?:de|del|of|the|th|st|nd|rd|le|er|den|do|da|di)\b|(?<=\W)(?:th|st|nd|rd|er)\b|^(?:th|st|nd|rd|er)\b",
            "",
            words,
        ),
    ):
        return None
    years = [number for number in numbers if len(number) == 4]
    if len(years) > 1 or (not years and len(numbers[-1]) != 2):
        return None
    year_place = len(numbers) - 1 if not years or len(numbers[-1]) == 4 else 0
    places = iter(
        "%Y" if place == year_place and years else "%y" if place == year_place else "%d"
        for place in range(len(numbers))
    )
    form = re.sub(r"9+", lambda _: next(places), text).replace("{M}", "%b").replace("{W}.", "%a").replace("{W}", "%a")
    return form + tail, False
