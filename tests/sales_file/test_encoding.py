"""Encodings: what is marked or valid is certain, what only the words tell is judged by them."""

import pytest

from houseprice.errors import DataError
from houseprice.sales_file import AUTO, TextTable, parse
from houseprice.sales_file.encoding import find_encoding, invalid_at

TOWNS = {
    "Spanish": ["Málaga", "España", "Peñíscola", "León", "Cádiz", "Ávila", "La Coruña", "Jaén", "piso 2º", "Año"],
    "Portuguese": ["São Paulo", "Vila Mariana", "Conceição", "Guimarães", "Évora", "Braga", "Setúbal", "Belém"],
    "French": ["Orléans", "Nîmes", "Besançon", "Château", "Angoulême", "L’Haÿ-les-Roses", "Sète", "Évreux"],
    "German": ["München", "Köln", "Düsseldorf", "Straße", "Würzburg", "Größe", "Österreich", "Fläche m²"],
    "Italian": ["Forlì", "Città", "Cefalù", "Cantù", "Perù", "Nardò", "Viale dell’Università", "è"],
    "Swedish": ["Malmö", "Göteborg", "Västerås", "Umeå", "Örebro", "Skövde", "Åre"],
    "Danish": ["København", "Århus", "Ålborg", "Næstved", "Helsingør", "Køge"],
}


def csv_of(words: list[str]) -> str:
    """Return a table of some words and numbers."""
    return "town,price\n" + "".join(f"{word},{number * 1000}\n" for number, word in enumerate(words, 100))


def read_or_code(content: bytes) -> TextTable | str:
    """Return the table of a text, or the code by which it is refused."""
    try:
        return parse(content, "a.csv")
    except DataError as err:
        return err.code


def code_of(content: bytes, stated: str = "auto") -> str:
    """Return the code by which a text is refused."""
    with pytest.raises(DataError) as excinfo:
        find_encoding(content, stated, "a.csv")
    return excinfo.value.code


@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
@pytest.mark.parametrize("words", [["Bath"], ["Málaga", "Łódź"], ["東京", "札幌", "大阪"], ["Москва"], ["😀"]])
def test_unicode_is_certain(codec: str, words: list[str]) -> None:
    """With a byte order mark and without one, in any alphabet."""
    table = parse(csv_of(words).encode(codec), "a.csv")
    assert table.texts["town"].to_list() == words
    assert table.notes[0].key == "encoding"
    assert table.notes[0].verdict == "certain"


@pytest.mark.parametrize("language", TOWNS)
@pytest.mark.parametrize("codec", ["cp1252", "mac_roman", "cp850", "iso-8859-15"])
def test_towns_in_an_older_encoding_are_read(language: str, codec: str) -> None:
    """The words tell the encoding, in files as short as these; another name for the same text does no harm."""
    words = [word for word in TOWNS[language] if word.encode(codec, "ignore").decode(codec) == word]
    table = parse(csv_of(words).encode(codec), "a.csv")
    assert table.texts["town"].to_list() == words
    assert table.notes[0].verdict != "ambiguous"
    assert table.notes[0].lines[0] <= 6


@pytest.mark.parametrize("language", TOWNS)
@pytest.mark.parametrize("codec", ["cp1252", "mac_roman", "cp850"])
def test_one_word_is_read_or_refused_but_never_wrong(language: str, codec: str) -> None:
    """Whatever single word is all that there is."""
    for word in TOWNS[language]:
        if word.encode(codec, "ignore").decode(codec) != word:
            continue
        table = read_or_code(csv_of([word]).encode(codec))
        assert table == "layout_ambiguous" if isinstance(table, str) else table.texts["town"].to_list() == [word]


@pytest.mark.parametrize(
    ("codec", "words"),
    [
        ("cp1250", ["Plzeň", "České Budějovice", "Žižkov", "Děčín", "Říčany", "Třebíč"]),
        ("cp1250", ["Łódź", "Wrocław", "Gdańsk", "Kraków", "Częstochowa", "Świnoujście"]),
        ("cp1250", ["Győr", "Székesfehérvár", "Hódmezővásárhely", "Budaörs"]),
        ("cp1254", ["Beşiktaş", "İstanbul", "Eskişehir", "Kadıköy", "Muğla"]),
    ],
)
def test_other_latin_alphabets_are_not_taken_for_western_ones(codec: str, words: list[str]) -> None:
    """Each of these bytes is a letter in Windows-1252, too."""
    assert parse(csv_of(words).encode(codec), "a.csv").texts["town"].to_list() == words


@pytest.mark.parametrize(
    ("codec", "words"),
    [
        ("cp1251", ["Москва", "Санкт-Петербург", "Новосибирск", "Екатеринбург", "Казань", "Нижний Новгород"]),
        ("shift_jis", ["東京都千代田区", "札幌市中央区", "大阪市北区", "中古マンション", "名古屋市中区"]),
        ("big5", ["台北市中正區", "高雄市左營區", "台中市西屯區", "新北市板橋區", "公寓大廈"]),
        ("euc_kr", ["서울특별시 강남구", "부산광역시", "아파트", "대구광역시", "인천광역시"]),
        ("euc_jp", ["東京都千代田区", "札幌市中央区", "大阪市北区", "中古マンション", "名古屋市中区"]),
        ("koi8_r", ["Москва", "Санкт-Петербург", "Новосибирск", "Екатеринбург", "Казань", "Нижний Новгород"]),
        ("cp866", ["Москва", "Санкт-Петербург", "Новосибирск", "Екатеринбург", "Казань", "Нижний Новгород"]),
        ("gb18030", ["北京市朝阳区", "上海市浦东新区", "广州市天河区", "深圳市南山区"]),
        ("cp1253", ["Αθήνα", "Θεσσαλονίκη", "Πάτρα", "Ηράκλειο", "Λάρισα", "διαμέρισμα"]),
    ],
)
def test_another_alphabet_is_read_or_refused_but_never_wrong(codec: str, words: list[str]) -> None:
    """Such a file is long or refused."""
    content = csv_of(words * 20).encode(codec)
    table = read_or_code(content)
    if isinstance(table, str):
        assert table == "layout_ambiguous"
    else:
        assert table.texts["town"].to_list() == words * 20
        assert table.notes[0].verdict == "likely"
    stated = AUTO.model_copy(update={"encoding": codec})
    assert parse(content, "a.csv", stated).texts["town"].to_list() == words * 20


def test_what_can_be_read_in_two_ways_is_refused_until_it_is_stated() -> None:
    """A fourth or an ordinal: both stand behind a number."""
    content = csv_of(["piso 2º"]).encode("mac_roman")
    with pytest.raises(DataError) as excinfo:
        parse(content, "a.csv")
    assert excinfo.value.code == "layout_ambiguous"
    assert {"windows-1252", "macintosh"} <= set(excinfo.value.details["choices"])
    for encoding, word in (("windows-1252", "piso 2¼"), ("macintosh", "piso 2º")):
        stated = AUTO.model_copy(update={"encoding": encoding})
        assert parse(content, "a.csv", stated).texts["town"].to_list() == [word]


def test_a_few_bad_bytes_do_not_make_utf8_another_encoding() -> None:
    """All its other letters would be wrong then."""
    text = csv_of(["Málaga", "León", "Cádiz", "Ávila", "Jaén"]).encode()
    assert code_of(text + b"Alc\xe1zar,1\n") == "encoding_damaged"
    assert code_of(text + "Alcá".encode()[:-1]) == "encoding_damaged"
    for codec in ("utf-16", "utf-16-le"):
        assert code_of(text.decode().encode(codec)[:-1]) == "encoding_damaged"


@pytest.mark.parametrize(
    ("content", "stated"), [(b"a\n\xe1\n", "utf-8"), (b"a\n\x81\n", "windows-1252"), (b"\xff\xfea", "utf-16")]
)
def test_a_stated_encoding_is_taken_at_its_word(content: bytes, stated: str) -> None:
    """And refused when it is not the file's."""
    assert code_of(content, stated) == "layout_contradicted"


def test_the_first_invalid_byte_is_found_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A character may begin in one block and end in the next."""
    monkeypatch.setattr("houseprice.sales_file.encoding._STEP", 3)
    assert invalid_at("aéiöu€z".encode(), "utf-8") is None
    for place in range(8):
        content = "a€".encode() * 2
        damaged = content[:place] + b"\xff" + content[place:]
        with pytest.raises(UnicodeDecodeError) as excinfo:
            damaged.decode()
        assert invalid_at(damaged, "utf-8") == excinfo.value.start


def test_a_few_words_of_chinese_are_offered_to_be_chinese() -> None:
    """Too few to tell which of its encodings it is."""
    with pytest.raises(DataError) as excinfo:
        parse(csv_of(["高 26", "中 6", "低 6", "未知"] * 20).encode("gbk"), "a.csv")
    assert "gbk" in excinfo.value.details["choices"]
