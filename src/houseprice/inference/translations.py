"""Words of further languages in names of columns → the English words that `vocabulary` knows.

The terms are those of land registers, tax offices and portals, without the marks above letters, as `names` folds them.
Longer terms are replaced first, so that a price per square metre is not taken for a price.
"""

# ruff: noqa: E501, RUF001 - tables are read by lines; letters of other alphabets
import re
import unicodedata

_EUROPEAN: dict[str, str] = {
    "price per m2": "prezzo al mq|prezzo mq|prijs per m2|prijs m2|cena za m2|cena m2|cena za metr|cena jednostkowa|pris per kvm|pris kvm|"
    "kvadratmeterpris|kvmpris|kvm pris|pris per m2|pris m2|neliohinta|hinta per m2|jednotkova cena|m2 fiyati|birim fiyat|pret pe mp|"
    "pret mp|negyzetmeterar|fajlagos ar|цена за м2|цена за кв м|цена за квм|цена м2|стоимость м2|цена 1 кв м|τιμη ανα τμ|τιμη τμ",
    "sale price": "prezzo di vendita|prezzo vendita|prezzo dichiarato|prezzo di acquisto|prezzo pagato|prezzo compravendita|corrispettivo|"
    "transactieprijs|verkoopprijs|koopprijs|koopsom|cena transakcyjna|cena transakcji|cena sprzedazy|cena nieruchomosci brutto|slutpris|"
    "kopeskilling|forsaljningspris|kopesumma|kobesum|kobspris|salgspris|salgssum|handelspris|kjopesum|omsetningssum|velaton hinta|"
    "velaton kauppahinta|kauppahinta|myyntihinta|kupni cena|prodejni cena|realizovana cena|kupna cena|predajna cena|satis fiyati|"
    "satis bedeli|satis tutari|eladasi ar|vetelar|pret de vanzare|pret vanzare|pret tranzactie|цена продажи|цена сделки|сумма сделки|"
    "стоимость сделки|ціна продажу|τιμη πωλησης|τιμημα|prix net vendeur|harga jual|harga transaksi|gia ban|kaupverd|prodajna cijena|prodajna cena|kupoprodajna cijena|продажна цена|prix de cession|prix d acquisition",
    "list price": "prezzo richiesto|prezzo di listino|prezzo annuncio|prezzo di partenza|prezzo iniziale|richiesta|vraagprijs|laatprijs|"
    "cena ofertowa|cena wywolawcza|cena wyjsciowa|utgangspris|utropspris|begart pris|accepterat pris|udbudspris|kontantpris|udbudt pris|"
    "prisantydning|lahtohinta|pyyntihinta|nabidkova cena|inzerovana cena|pozadovana cena|ponukova cena|ilan fiyati|istenen fiyat|"
    "iranyar|hirdetesi ar|pret cerut|pret de lista|цена предложения|цена объявления|запрашиваемая цена|ζητουμενη τιμη",
    "assessment": "valore catastale|rendita catastale|valore di stima|valore omi|taxeringsvarde|taxvarde|ejendomsvurdering|ejendomsvaerdi|"
    "offentlig vurdering|grundvaerdi|formuesverdi|ligningsverdi|takst|verdivurdering|verotusarvo|odhadni cena|odhad ceny|znalecky posudek|"
    "wartosc szacunkowa|wartosc katastralna|rayic bedel|ekspertiz degeri|valoare de impozitare|кадастровая стоимость|оценочная стоимость|"
    "αντικειμενικη αξια|fasteignamat|brunabotamat|taxatiewaarde|getaxeerde waarde",
    "tax": "imposta di registro|imposte|imposta|imu|belasting|overdrachtsbelasting|podatek|fastighetsskatt|eiendomsskatt|ejendomsskat|"
    "grundskyld|kiinteistovero|dan z nemovitosti|emlak vergisi|vergi|налог",
    "rent": "affitto|canone di locazione|kale huur|hyra|manedshyra|husleje|leje|leie|vuokra|najemne|kira|kira bedeli|berleti dij|chirie|"
    "аренда|арендная плата|ενοικιο",
    "fee": "czynsz administracyjny|czynsz|avgift|manadsavgift|felleskostnader|faellesudgift|hoitovastike|yhtiovastike|vve bijdrage|"
    "servicekosten|spese condominiali|aidat",
    "debt": "fellesgjeld|velkaosuus|andel i foreningen skuld",
    "price change": "prisutveckling|prisudvikling|prisendring|budpremie",
    "days on market": "giorni sul mercato|giorni in vendita|dagen online|dagen te koop|dni na rynku|dni oferty|liggetid|liggedage|"
    "dage pa markedet|dagar pa marknaden|dager pa markedet|myyntiaika|dny na trhu|ilan suresi|срок экспозиции|дней в продаже",
    "living area": "superficie calpestabile|superficie abitabile|superficie commerciale|superficie utile|gebruiksoppervlakte|vloeroppervlakte|"
    "powierzchnia uzytkowa|powierzchnia mieszkania|powierzchnia mieszkalna|powierzchnia lokalu|pow uzytkowa|boarea|bostadsyta|boyta|"
    "boligareal|bebygget areal|etageareal|bruksareal|primaerrom|p rom|prom|bra|asuinpinta ala|asuinala|huoneistoala|kerrosala|"
    "luas bangunan|dien tich su dung|uzitna plocha|podlahova plocha|obytna plocha|plocha bytu|celkova plocha|net alan|brut alan|net m2|brut m2|kullanim alani|"
    "hasznos alapterulet|alapterulet|lakasmeret|lakoterulet|suprafata utila|suprafata construita|жилая площадь|общая площадь|"
    "площадь квартиры|площадь дома|житлова площа|загальна площа|εμβαδον κατοικιας|flache wohnung|surface privative",
    "lot area": "superficie terreno|superficie lotto|perceeloppervlakte|kaveloppervlakte|powierzchnia dzialki|pow dzialki|luas tanah|dien tich dat|grondoppervlakte|grondopp|perceelopp|kavel|tomtarea|tomtyta|"
    "tomtstorlek|grundareal|tomteareal|tomtestorrelse|tontin pinta ala|tontin ala|tonttiala|plocha pozemku|vymera pozemku|arsa alani|"
    "telek meret|telekterulet|suprafata teren|площадь участка|площадь земли|площа ділянки|εμβαδον οικοπεδου",
    "area": "luas|dien tich|staerd|povrsina|povrsina stana|площ|powierzchnia|metraz|areal|pinta ala|plocha|vymera|alan|terulet|suprafata|площадь|площа|εμβαδον",
    "year built": "anno di costruzione|anno costruzione|anno edificazione|bouwjaar|tahun dibangun|nam xay dung|byggingarar|godina izgradnje|godina gradnje|година на строеж|rok budowy|rok zakonczenia budowy|byggar|byggnadsar|nybyggnadsar|"
    "byggear|opforelsesar|opforelsesaar|byggeaar|rakennusvuosi|valmistumisvuosi|rok vystavby|rok kolaudace|rok dokonceni|rok postavenia|"
    "yapim yili|insaat yili|bina yapim yili|epites eve|epitesi ev|an constructie|anul constructiei|год постройки|год строительства|"
    "рік побудови|ετος κατασκευης",
    "year renovated": "anno ristrutturazione|anno di ristrutturazione|renovatiejaar|rok remontu|rok modernizacji|renoverad ar|renoveringsar|"
    "ombygningsar|ombygningsaar|peruskorjausvuosi|rok rekonstrukce|год ремонта|год капремонта",
    "age": "bina yasi|wiek budynku|stari budovy|возраст дома|eta edificio",
    "rooms": "herbergi|sobe|broj soba|стаи|vani|locali|numero locali|liczba pokoi|ilosc pokoi|pokoje|pokoi|antal rum|rum|antal vaerelser|vaerelser|antall rom|rom|huoneita|"
    "huoneet|huoneluku|pocet pokoju|pocet izieb|pokoju|oda sayisi|szobak szama|szobak|numar camere|camere|количество комнат|число комнат|"
    "комнат|кол во комнат|кімнат|δωματια|aantal kamers",
    "bedrooms": "kamar tidur|phong ngu|so phong ngu|svefnherbergi|spavace sobe|camere da letto|numero camere|sypialnie|liczba sypialni|sovrum|antal sovrum|sovevaerelser|soverom|antall soverom|makuuhuoneet|"
    "makuuhuoneita|loznice|pocet loznic|yatak odasi|yatak odasi sayisi|haloszobak|dormitoare|спальни|количество спален|υπνοδωματια",
    "bathrooms": "kamar mandi|phong tam|so phong tam|bathherbergi|kupaonice|bagni|numero bagni|bagno|lazienki|liczba lazienek|badrum|badevaerelser|baderom|bad|kylpyhuoneet|koupelny|pocet koupelen|banyo|"
    "banyo sayisi|furdoszobak|bai|санузлы|санузел|ванные|μπανια",
    "sale date": "tanggal transaksi|tanggal jual|ngay ban|kaupsamningur|datum kupoprodaje|дата на продажба|data vendita|data di vendita|data atto|data rogito|data compravendita|data stipula|verkoopdatum|transportdatum|leveringsdatum|"
    "transactiedatum|datum transactie|passeerdatum|data transakcji|data sprzedazy|data umowy|data aktu|forsaljningsdatum|salddatum|"
    "kontraktsdatum|kopedatum|tilltradesdatum|sald|salgsdato|handelsdato|kobsdato|overtagelsesdato|omsetningsdato|tinglyst dato|solgt|"
    "solgt dato|kauppapaiva|kauppapaivamaara|kauppapvm|myyntipaiva|datum prodeje|datum podani|datum kupni smlouvy|datum vkladu|"
    "datum predaja|satis tarihi|islem tarihi|tapu tarihi|eladas datuma|adasveteli szerzodes kelte|data vanzarii|data tranzactiei|"
    "дата продажи|дата сделки|дата договора|дата регистрации сделки|дата угоди|ημερομηνια πωλησης|ημερομηνια συμβολαιου|"
    "datum handanderung|erwerbsdatum",
    "listing date": "data annuncio|data inserimento|data pubblicazione|datum te koop|data dodania|publiceringsdatum|annonsdatum|udbudsdato|"
    "ilan tarihi|дата публикации|дата объявления",
    "date": "tanggal|ngay|dato|paivamaara|pvm|tarih|дата|ημερομηνια",
    "year": "rok|vuosi|yil|год|ar",
    "month": "mese|maand|miesiac|manad|maned|kuukausi|mesic|ay|месяц",
    "price": "harga|gia|cijena|prezzo|prijs|cena|pris|hinta|fiyat|fiyati|bedel|pret|цена|стоимость|ціна|τιμη|αξια",
    "energy": "energiklass|energiluokka|energimaerke|energimerke|energetska|enerji sinifi|класс энергоэффективности",
    "condition": "stato immobile|stato di conservazione|stato conservazione|stan techniczny|stan|skick|kunto|stav|stav objektu|staat van onderhoud|"
    "yapinin durumu|состояние|ремонт|κατασταση|tilstand",
    "postcode": "postnumer|kode pos|codice postale|kod pocztowy|postnr|postnummer|postinumero|psc|posta kodu|iranyitoszam|cod postal|почтовый индекс|индекс|"
    "ταχυδρομικος κωδικας|τκ",
    "city": "comune|miasto|miejscowosc|gmina|kommun|kommune|stad|kunta|kaupunki|obec|mesto|sehir|varos|telepules|oras|город|населенный пункт|місто|πολη|δημος",
    "neighbourhood": "kecamatan|kelurahan|quan|phuong|kvart|gradska cetvrt|hverfi|квартал|quartiere|microzona|frazione|dzielnica|osiedle|omrade|bydel|stadsdel|kaupunginosa|katastralni uzemi|ctvrt|cast obce|mestska cast|"
    "ilce|semt|mahalle|varosresz|kerulet|cartier|район|микрорайон|περιοχη|gemarkung",
    "street": "via|ulica|gata|gatunamn|gatuadress|gadenavn|vejnavn|katu|katuosoite|ulice|sokak|cadde|utca|strada|улица|οδος|straatnaam",
    "house number": "civico|numero civico|huisnummer|nr domu|numer domu|husnummer|husnr|gatunummer|talonumero|cislo popisne|cislo domu|kapi no|hazszam|номер дома",
    "address": "indirizzo|adress|osoite|adresa|adres|cim|адрес|διευθυνση",
    "parcel id": "particella|mappale|numero catastale|numer dzialki|nr dzialki|fastighetsbeteckning|matrikelnummer|matrikelnr|gards og bruksnummer|"
    "kiinteistotunnus|parcelni cislo|cislo parcely|ada parsel|numar cadastral|kadastrale aanduiding|кадастровый номер|rol sii",
    "seller agent": "posrednik|agencja|maklare|maklarfirma|megler|meglerfirma|maegler|ejendomsmaegler|kiinteistonvalittaja|realitni kancelar|agenzia|"
    "agenzia immobiliare|emlakci|агентство|риелтор",
    "commission": "provvigione|prowizja|meglerprovisjon|provize|komisyon|комиссия",
    "distance": "distanza|odleglosc|avstand|etaisyys|vzdalenost|mesafe|uzaklik|tavolsag|расстояние|αποσταση",
    "description": "descrizione|omschrijving|opis|beskrivning|beskrivelse|kuvaus|popis|aciklama|leiras|описание|περιγραφη",
    "currency": "waluta|valuutta|mena|para birimi|penznem|валюта|νομισμα",
        "sqm": "kvm|кв м|квм|м2|τμ",
    "thousand eur": "teur|keur",
    "thousand": "tkr|tys|тыс|tys zl|tis kc",
    "million": "mkr|mln|млн|mio",
}  # fmt: skip

_EAST_ASIAN: dict[str, str] = {
    "price per m2": "呎价|呎價|坪単価|ราคาต่อตารางเมตร|מחיר למר|سعر المتر|㎡単価|平米単価|単価|单价|單價|均价|均價|평당가|평당가격|단가|제곱미터당가격",
    "sale price": "取引価格|ราคาขาย|ราคาซื้อขาย|מחיר מכירה|מחיר עסקה|سعر البيع|取引総額|成約価格|成約金額|売買価格|売却価格|成交价格|成交总价|成交總價|成交价|成交價|成交金额|成交金額|交易总价|交易總價|交易金额|거래금액|거래가격|"
    "실거래가|매매가격|매매가|매매금액|매도가",
    "list price": "売出価格|販売価格|希望価格|募集価格|挂牌总价|挂牌价格|挂牌价|挂牌價|开价|開價|报价|호가|매물가|희망가격",
    "assessment": "固定資産税評価額|評価額|公示地価|公示価格|路線価|评估价|評估價|公告現值|공시가격|공시지가|기준시가|감정가",
    "tax": "固定資産税|税金|税额|稅額|税|세금",
    "rent": "賃料|家賃|租金|月租|월세|임대료|전세금|전세",
    "deposit": "보증금|敷金|押金",
    "days on market": "成交周期|成交週期|挂牌天数",
    "lot area": "土地面積|敷地面積|占地面积|土地面积|土地移轉總面積|대지면적|대지권면적|토지면적",
    "living area": "専有面積|延床面積|延べ床面積|建物面積|床面積|建筑面积|套内面积|使用面积|建物移轉總面積|室内面積|전용면적|연면적|공급면적|건물면적|계약면적",
    "area": "面積|พื้นที่|שטח|المساحة|面积|면적",
    "year built": "建築年月|ปีที่สร้าง|שנת בנייה|سنة البناء|建築年|築年月|築年|竣工年|建成年份|建成年代|建筑年代|建造年代|建築完成年月|건축년도|건축연도|준공연도|준공년도|사용승인일",
    "age": "築年数|房龄|屋齡|屋龄|경과년수",
    "rooms": "部屋数|חדרים|عدد الغرف|房间数|房間數|방개수|방수",
    "bedrooms": "寝室数|ห้องนอน|חדרי שינה|غرف النوم|卧室数|卧室|침실수",
    "bathrooms": "浴室数|卫生间数|卫生间|욕실수|화장실수",
    "sale date": "取引時点|วันที่ขาย|วันที่ซื้อขาย|תאריך עסקה|תאריך מכירה|تاريخ البيع|取引時期|取引年月日|取引年月|取引日|成約年月日|成約年月|成約日|契約年月|契約日|売買日|成交日期|成交时间|成交時間|成交年月|交易日期|交易年月日|交易年月|签约日期|"
    "계약년월일|계약년월|계약연월|거래일자|거래일|계약일자|매매일",
    "listing date": "掲載日|登録日|挂牌日期|挂牌时间|등록일",
    "date": "日付|年月日|日期|时间|날짜|일자",
    "price": "価格|ราคา|מחיר|السعر|総額|总价|總價|价格|價格|金额|金額|가격|금액",
    "condition": "状態|装修|상태",
    "postcode": "郵便番号|邮政编码|邮编|우편번호",
    "city": "市区町村名|市区町村|市町村|城市|都市|시군구",
    "neighbourhood": "屋苑|地区名|เขต|שכונה|الحي|地区|区域|區域|鄉鎮市區|小区名称|小区|社區|板块|商圈|楼盘|マンション名|단지명|아파트명|법정동|읍면동|동이름",
    "region": "都道府県名|都道府県|省份|시도",
    "street": "道路名|도로명|街道",
    "house number": "번지|門牌號",
    "address": "所在地|住所|地址|位置|주소|土地區段位置或建物區門牌",
    "distance": "最寄駅距離|駅距離|最寄駅：距離|距離|距离|거리",
    "parcel id": "地番|不动产单元号|필지번호",
    "description": "備考|备注|描述|비고",
    "m2": "㎡|平方米|平方公尺|平米|제곱미터",
    "square metre": "ตรม",
    "ten thousand": "万円|万元|萬元|万|萬|만원|만",
    "hundred million": "億円|亿元|億元|億|亿|억원|억",
    "thousand": "千円|千元|천원",
    "jpy": "円", "cny": "人民币", "krw": "원",
}  # fmt: skip


def fold(text: str) -> str:
    """Return a text in small letters without the marks above them."""
    text = unicodedata.normalize("NFKD", text).lower()
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    return text.replace("ł", "l").replace("ı", "i").replace("đ", "d").replace("ð", "d")


def _terms(table: dict[str, str]) -> dict[str, str]:
    return {fold(term): english for english, terms in table.items() for term in terms.split("|")}


def _longest_first(terms: dict[str, str]) -> str:
    return "|".join(map(re.escape, sorted(terms, key=len, reverse=True)))


_WORDS, _SIGNS = _terms(_EUROPEAN), _terms(_EAST_ASIAN)
_WORD = re.compile(rf"(?<!\w)(?:{_longest_first(_WORDS)})(?!\w)")
_SIGN = re.compile(_longest_first(_SIGNS))


def translated(words: str) -> str:
    """Return folded words with those of further languages in English."""
    if not words.isascii():  # their scripts have no blanks between words
        words = _SIGN.sub(lambda found: f" {_SIGNS[found[0]]} ", words)
        words = re.sub(r"[^\w]+", " ", words).strip()
    return _WORD.sub(lambda found: _WORDS[found[0]], words)
