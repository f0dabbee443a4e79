"""Files in the forms of registers and portals of Asia."""

# ruff: noqa: E501, RUF001 - a column a line would hide the file
from datetime import date

from corpus.english import feet, place
from corpus.houses import House
from corpus.spec import NUMBERS, Case, Col, cat, day, flag, free, group, num, out, written

F19 = date(2019, 1, 3)


def lakh(number: float) -> str:
    """Return a number with the groups of lakh and crore."""
    text = str(int(number))
    head, tail = text[:-3], text[-3:]
    parts = []
    while head:
        parts.insert(0, head[-2:])
        head = head[:-2]
    return ",".join([*parts, tail])


def quarter(house: House) -> date:
    """Return the first day of the quarter of the sale."""
    return date(house.day.year, (house.day.month - 1) // 3 * 3 + 1, 1)


CASES = (
    Case("japan", (
        cat("市区町村名", lambda h: ("千代田区","中央区","港区","新宿区","文京区","台東区","墨田区","江東区")[h.place], "?"), written("取引価格（総額）", lambda h: str(h.price*100), lambda h: h.price*100, "target"), num("面積（㎡）", lambda h: h.living, role="living_area", unit="m²"), free("間取り", lambda h: f"{h.beds}LDK"), free("建築年", lambda h: f"平成{max(1,h.built-1988)}年" if h.built>1988 else f"昭和{max(1,h.built-1925)}年"), Col("取引時点", lambda h: f"{h.day.year}年第{(h.day.month+2)//3}四半期", ("date",), "sale_date", quarter), num("最寄駅：距離（分）", lambda h: h.door%20+1), out("坪単価", lambda h: str(round(h.per_metre*330))), cat("建物の構造", lambda h: ("ＲＣ","木造","鉄骨造")[h.heat]),
    ), language="en"),
    Case("japan_man_yen", (
        cat("所在地", lambda h: ("千代田区","中央区","港区","新宿区","文京区","台東区","墨田区","江東区")[h.place], "location"), written("成約価格", lambda h: f"{group(h.price/100,',')}万円", lambda h: round(h.price/100)*10000, "target"), written("専有面積", lambda h: f"{h.living}.50㎡", lambda h: h.living+.5, "living_area", unit="m²"), Col("成約年月", lambda h: f"{h.day.year}年{h.day.month}月", ("date",), "sale_date", lambda h: h.day.replace(day=1)), Col("築年", lambda h: f"{h.built}年", NUMBERS, "year_built", lambda h: h.built),
    ), currency="JPY", encoding="utf-8-sig"),
    Case("china", (
        cat("小区", lambda h: ("阳光花园","世纪城","绿地","万科","龙湖","保利","中海","金地")[h.place], "location"), written("成交价", lambda h: f"{h.price/10000:.1f}万", lambda h: round(h.price/10000,1)*10000, "target"), out("挂牌价", lambda h: f"{h.asked/10000:.0f}万"), out("单价", lambda h: f"{round(h.per_metre)}元/平米"), written("建筑面积", lambda h: f"{h.living}.5平米", lambda h: h.living+.5, "living_area", unit="m²"), cat("户型", lambda h: f"{h.beds}室{h.heat+1}厅"), day("成交日期", "%Y-%m-%d"), out("成交周期", lambda h: str((h.day-h.listed).days)), flag("电梯", "有", "无"),
    ), encoding="gb18030"),
    Case("korea", (
        cat("시군구", lambda h: ("강남구","서초구","송파구","마포구","용산구","종로구","중구","성동구")[h.place], "?"), cat("단지명", lambda h: f"래미안{h.place}차", "?"), num("전용면적(㎡)", lambda h: round(h.living+.84,2), role="living_area", unit="m²"), Col("계약년월", lambda h: h.day.strftime("%Y%m"), ("date","integer","out"), "?"), Col("계약일", lambda h: str(h.day.day), ("integer","ordinal","number","out","date"), "?"), written("거래금액(만원)", lambda h: group(h.price/10,","), lambda h: round(h.price/10)*10000, "target"), num("층", lambda h: h.floor), num("건축년도", lambda h: h.built, role="year_built"), cat("도로명", lambda h: f"테헤란로 {h.door}", "?"),
    ), encoding="cp949"),
    Case("hong_kong", (
        day("Reg. Date", "%d/%m/%Y"), cat("Estate", place, "?"), cat("Block", lambda h: "ABCDEFGH"[h.place], "?"), Col("Floor", lambda h: f"{h.floor+1}/F", ("category","integer","number","ordinal"), "?"), cat("Unit", lambda h: "ABCD"[h.door%4], "?"), written("Consideration (HK$M)", lambda h: f"{h.price*8/1e6:.3f}", lambda h: round(h.price*8/1e6,3)*1e6, "target"), num("Saleable Area (ft²)", feet, role="living_area", unit="sq ft"), out("Unit Price (HK$/ft²)", lambda h: str(round(h.price*8/feet(h)))),
    ), currency="HKD"),
    Case("singapore_ura", (
        cat("Project Name", lambda h: place(h).upper(), "?"), cat("Street Name", lambda h: h.street.upper(), "?"), written("Transacted Price ($)", lambda h: group(h.price,","), lambda h: h.price, "target"), written("Area (SQFT)", lambda h: f"{group(feet(h)+.32,',',2)}", lambda h: feet(h)+.32, "living_area", unit="sq ft"), out("Unit Price ($ PSF)", lambda h: group(h.price/feet(h),",")), day("Sale Date", "%b-%y"), out("Type of Sale", lambda h: ("Resale","New Sale","Sub Sale")[h.heat]), written("Area (SQM)", lambda h: f"{h.living+.03:.2f}", lambda h: h.living+.03, "?"), out("Unit Price ($ PSM)", lambda h: group(h.price/h.living,",")), cat("Tenure", lambda h: "Freehold" if h.flag else f"99 yrs lease commencing from {1990+h.floor}", None), cat("Postal District", lambda h: f"{h.place+1:02d}", "?"), cat("Market Segment", lambda h: ("Core Central Region","Rest of Central Region","Outside Central Region")[h.heat], "?"), free("Floor Level", lambda h: f"{h.floor//5*5+1:02d} to {h.floor//5*5+5:02d}"),
    ), first=F19),
    Case("india_grouping", (
        cat("Locality", place, "location"), written("Sale Price (₹)", lambda h: lakh(h.price*20), lambda h: h.price*20, "target"), num("Carpet Area (sq.ft.)", feet, role="living_area", unit="sq ft"), num("BHK", lambda h: h.beds, role="bedrooms"), day("Registration date", "%d-%m-%Y"), cat("Furnishing", lambda h: ("Unfurnished","Semi-Furnished","Furnished")[h.heat], "?"), out("Stamp Duty", lambda h: lakh(h.price*20*.06)),
    ), currency="INR"),
    Case("india_crore", (
        cat("Area Name", place, "location"), written("Price", lambda h: f"₹ {h.price*30/1e7:.2f} Cr" if h.price*30>1e7 else f"₹ {h.price*30/1e5:.1f} Lac", lambda h: round(h.price*30/1e7,2)*1e7 if h.price*30>1e7 else round(h.price*30/1e5,1)*1e5, "target"), out("Price per sqft", lambda h: f"₹{lakh(h.price*30/feet(h))}/sqft"), written("Super Area", lambda h: f"{feet(h)} sqft", feet, "living_area", unit="sq ft"), Col("Floor", lambda h: f"{h.floor} out of {h.floor+5}", ("category","number","text","integer","out"), "?"), num("Bathroom", lambda h: h.baths, role="bathrooms"), cat("facing", lambda h: ("North","East","South - West","West")[h.door%4], None),
    ), currency="INR"),
)  # fmt: skip
