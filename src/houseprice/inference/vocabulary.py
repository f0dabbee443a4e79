"""What names of columns mean, in English, Spanish, Portuguese, French and German; others by `translations`.

Patterns are searched in the plain words of a name (`names.words_of`). The first concept that fits counts, so that
special ones stand before general ones: a list price is a price, too.
"""

# ruff: noqa: E501 - a concept's pattern is one line each
import re
from functools import lru_cache

from houseprice.inference.names import words_of

_PRICE = r"(?:prices?|prc|precios?|precos?|prix|preis|prijs|prezzo|cost|amount|amt|values?|valor|valeur|importe|betrag|consideration|worth)"
_AREA_UNIT = (
    r"(?:m2|sqm|sq ?m(?:t|tr|eter|etre)?s?|mq|qm|sq ?ft|sqft|ft2|sf|sq ?feet|sq|square ?\w+|(?:unit ?)?area|ping|tsubo|"
    r"pyeong|metros?(?: ?(?:cuadrado|quadrado)s?)?|metres?(?: ?carres?)?|quadratmeter|unit|unidad de superficie|surface)"
)
_SOLD = (
    r"(?:sales?|sold|sell(?:ing)?|resale|transactions?|transfer|trans|clos(?:e|ed|ing)|settle(?:d|ment)|contract|traded?|completion|"
    r"purchased?|record(?:ed|ing)?|deed|mutation|transac\w*\b|ventas?|vente|verkaufs?|verkauft|kauf|vendas?|vendido|compra(?:venta)?|"
    r"escritura(?:cion)?|operac\w*|firma|signature|acte|adjudicacion|registro|beurkundungs?|vertrags?|verkoop|koop)"
)
_DATE = r"(?:dates?|days?|dt|dat|fechas?|datum|data|dia|time|timestamp|period|periodo|when|on)"
_AREA = r"(?:areas?|size|surface|superficie|space|sq ?ft|sqft|sq ?m|sqm|m2|mq|qm|sf|ft2|sq ?foot|sq ?footage|square ?(?:feet|footage|foot|met\w+)|flache|flaeche|metros?|oppervlakte|footage|mts2?)"
_LOT = r"(?:lots?|land|lnd|plot|site|parcel|terrain|terreno|parcela|lote|grundstucks?|grundstuecks?|grund|finca|solar|perceel|yard|block|ground|erf|stand)"
_LIVING = (
    r"(?:living|liv|lvg|livg|livable|habitable|hab|constructed|construida|construido|built|build(?:ing)?|bldg|floor|gross|net|interior|"
    r"internal|usable|useful|util|total|tot|covered|house|home|dwelling|unit|carpet|super|heated|finished|residential|property|bati|"
    r"reelle(?: ?bati)?|carrez|wohn|nutz|wohnungs|apartment|flat|cubierta|privativa|edificada|woon|approx|bruta|sf|transaction|procedure)"
)

CONCEPTS: tuple[tuple[str, str], ...] = (
    ("projected", r"\b(?:eastings?|northings?)\b|\b(?:coord\w*|lambert ?\d*|utm\w*|epsg ?\d*|wgs\w*|l93|etrs\w*|bng|osgb\w*|rd|gk|mercator|centroid) ?[xy]\b|\b[xy] ?(?:coord\w*|lambert\w*|l93|utm\w*|epsg\w*|etrs\w*|rd|bng|mercator|centroid)\b|^(?:hochwert|rechtswert)$"),
    ("distance", r"\bdist(?:ance|ances|ancia|anz)?\b|\bentfernung\b|\bafstand\b|\bnearest\b|\b(?:minutes?|mins?|walk\w*|commute) ?to\b|\bpopulation\b|\bpoblacion ?total\b|\b(?:property|house|crime) ?(?:count|rate)\b"),
    ("url", r"\b(?:urls?|links?|href|enlace|image|images|photos?|foto|fotos|thumbnail|website|web)\b"),
    ("price_per_area", rf"\b{_PRICE} ?(?:per|por|pro) m\b|\bunit ?{_PRICE}\b|\b(?:m2|sqm|sq ?ft|sqft|meters?|metres?|feet) ?(?:sales? |sold |rent )?{_PRICE}\b|\b{_PRICE} ?(?:unit|unitario|unitaire)\b|\bpps(?:f|m|qm|qft)\b|\bpsf\b|\bpsm\b|\bppm2\b"
        rf"|\b{_PRICE}(?: ?(?:per|por|del?|do|au|pro|par|je|by|a|al|the|average|usd|eur|gbp|venta|sale))* ?(?:{_AREA_UNIT})\b"
        rf"|\b(?:eur|usd|gbp|dollars?|euros?) ?per ?{_AREA_UNIT}\b|\b(?:eur|usd|gbp) ?(?:m2|sqm|sqft|sf|qm)\b|quadratmeterpreis|\bqm ?preis\b|\bm2 ?{_PRICE}\b"
        rf"|\b(?:cost|price|value) ?per\b|\bpremetro\b"),
    ("of_price", rf"\b(?:log|ln|sqrt|normali[sz]ed|scaled) ?(?:10 ?|1p ?)?(?:of ?)?(?:sales? ?|sold ?)?{_PRICE}\b|\b{_PRICE} ?(?:log|ln|range|band|bracket|category|class|bucket|bin|group|tier|segment|level)\b"
        r"|\b(?:yield|niy|roi|cap ?rate|rentabilidad|rendite|rendement)\b"),
    ("neighbour_living_area", r"\bliving ?15\b"),
    ("neighbour_lot_area", r"\blot ?15\b"),
    ("days_on_market", r"\bdays? ?(?:on|in|since ?\w+|listed|to ?sell|active|online)\b|\b[ca]?dom\b|\bdias? ?(?:en|no|de|em|ate)? ?(?:el ?)?(?:mercado|publica\w*|venta|venda)\b|\btime ?(?:on|to) ?(?:market|sell|sale)\b"
        r"|\bjours? ?(?:sur|en|de)\b|\btage ?(?:am|online|bis|auf)\b|\bmarktzeit\b|\bmarket ?days\b|\b(?:weeks?|months?) ?on ?(?:the ?)?market\b|\btiempo ?(?:en|de) ?(?:mercado|venta)\b|\blooptijd\b"),
    ("earlier_sale", rf"\b(?:prev(?:ious)?|prior|earlier|former) ?{_SOLD}\b"),
    ("operation", r"^(?:operation|operacion|operacao|listing ?type|offer ?type|transaction ?type|deal ?type|vermarktungsart|tipo ?(?:de ?)?(?:operacion|negocio|transaccion|anuncio|oferta)|category ?type)$"),
    ("list_date", rf"\b(?:list(?:ing|ed)?|post(?:ed)?|publi\w+|alta|on ?market|entry|added|first ?seen|scrap\w+|crawl\w+|creat\w+|updat\w+|anuncio|inserts?|inserat|online|insertion|mise ?en ?ligne|modifi\w+|baja|expir\w+|pending|accept\w*|under ?contract|option|escrow|reserv\w*|withdrawn|off ?market|status ?change|contingen\w+|snapshot|download\w*|extrac\w+) ?(?:{_DATE}|at)\b"
        rf"|\b{_DATE} ?(?:of ?|de ?|del ?|da ?|do ?)*(?:list\w*|post\w*|publi\w*|added|alta|scrap\w+|crawl\w*|creat\w+|updat\w+|anuncio|actualiz\w+|inserc\w*)\b"),
    ("at_sale", r"\b(?:sales?|sold) ?(?:cond\w*|type|method|status|qualif\w*|valid\w*|terms|instrument|warranty|code|reason|above|over|below|nature)\b|\bsale ?desc\w*\b|^method$|^saleqc$"
        r"|\bfinanc\w*|\bloans?\b|\bmortgages?\b|\bhipotec\w*|\bkredit\w*|\bbuyers?\b|\bpurchasers?\b|\bcomprador\w*|\bacheteur\w*|\bkaufer\w*|\bkaeufer\w*|\bsellers?\b|\bseller ?g\b|\bvendors?\b|\bvendedor\w*|\bvendeurs?\b|\bverkaufer\w*|\bverkaeufer\w*"
        r"|\bgrantors?\b|\bgrantees?\b|\b(?:deed|instrument) ?(?:type|no|number|book)\b|\b(?:num\w*|no|nb|n|number) ?(?:of ?)?(?:offers|bids)\b|^(?:offers|bids)$|\bconcessions?\b|\bcommissions?\b|\bcomisi\w*|\bcomissa\w*|\bprovision\w*|\bcourtage\b"
        r"|\bagents?\b|\bagency\b|\brealtors?\b|\bbroker\w*|\binmobiliaria\b|\bimobiliaria\b|\bmaklers?\b|\bmakelaar\b|\bhonorai\w*|\bagence\b|\bagencia\b|\bagente\b|\blist(?:ed|ing) ?(?:by|office)\b"
        r"|\brecord ?status\b|\bppd\b|\bvat ?exclusive\b|\bnot ?full ?market\b|\bnature ?mutation\b|\bforma ?de ?pago\b|\barms? ?(?:s ?)?length\b|\bvalid ?sales?\b|\bclearance\b|\bdiscount\b|\bdescuento\b|\bdesconto\b|\bprice ?(?:change|drop|cut|reduc\w*|history)\b|\bnegotia\w*|\bsp ?lp\b|\bsplp\w*|\bsale ?to ?list\b|\bsales? ?ratio\b|\btype ?of ?sale\b|\bowners?\b|\blegal ?ref\w*|\bpayments?\b|\bforma ?de ?pago\b|\bpercent ?change\b|\bchange ?(?:between|from)\b|\bltv\b|\bdarlehen\w*|\bbeleihungs?(?:auslauf|quote|grenze)\b|\bemprunt\w*|\bprestamos?\b|\bemprestimos?\b|\bgains?(?: ?(?:or ?)?loss\w*)?$|\bprofits?\b|\bgewinn\b|\bover ?(?:ask|list|under)\w*|\b(?:above|below) ?(?:asking|list)\b"),
    ("fee", r"\bfees?\b(?! ?simple)|\bhoa\b|\bcharges?\b|\bcondominio$|\bhausgeld\b|\bnebenkosten\b|\bexpensas\b|\bgastos?\b|\bstrata\b|\blev(?:y|ies)\b"),
    ("rent", r"\brent(?:al|s|ed)?\b|\balquiler(?:es)?\b|\barriendo\b|\brenta\b|\bloyers?\b|\b(?:kalt|warm|netto|brutto|monats|gesamt)?miete\b|\balugue[lr]\b|\bhuur\w*|\barrendamiento\b|\barrendamento\b|\bcanon\b|\bper ?(?:month|mes|mois|monat)\b|\berv\b|\bpcm\b|\bmonthly\b"),
    ("list_price", rf"\b(?:list(?:ing|ed)?|ask(?:ing|ed)?|orig(?:inal)?|initial|first|advertised|advert|guide|reserve|opening|offer(?:ed|ing)?|prev(?:ious)?|prior|last ?list|last ?asking|quoted|starting|target|expected|minimum|min|max(?:imum)?|former|old) ?(?:list ?|sales? ?|sold ?)?{_PRICE}\b"
        rf"|\b{_PRICE} ?(?:de ?|d |du ?|da ?|do ?|of ?)*(?:list[ae]?|lista|oferta|ofertado|salida|anuncio|anunciado|inicial|initiale?|pedido|solicitado|publicado|demande|affiche|annonce|asked|asking|listed|advertised|original|anterior|partida|guide|guia)\b"
        r"|\b(?:angebots|start|inserats|kaufpreisvorstellungs|wunsch)preis\b|\bvraagprijs\b|\bo?lp\b|\basking\b|\boffers ?(?:over|around|in ?excess ?of)\b|\bfixed ?price\b|\blist ?amt\b"),
    ("assessment", rf"\bassess\w*|\bapprais\w*|\bvaluation\b|\bz?estimates?\b|\bzestimate\b|\bestimated ?{_PRICE}\b|\b{_PRICE} ?estim\w*|\btax(?:able)? ?(?:value|valuation|assess\w*)\b|\bmarket ?value\b|\bavaluo\w*|\btasac\w*|\bavaliac\w*|\bvalor ?(?:catastral|venal|tribut\w*|fiscal|referencia|cadastral|patrimonial|mercado|estimado|tasado)\b|\bcadastral ?value\b"
        r"|\bvaleur ?(?:venale|locative|cadastrale|estimee)\b|\bbeleihungswert\b|\bsachwert\b|\bertragswert\b|\bmarktwert\b|\bjust ?val\w*|\btotal ?just\b|\beinheitswert\b|\bverkehrswert\b|\bschatz(?:ung|wert|preis)\b|\bbodenrichtwert\b|\bwoz\w*|\bavalue\b|\btaxable\b|\bexempt\w*|\b(?:land|building|bldg|improvements?|impr|structure|full|fair|actual|total|rateable|unimproved|capital|insured|replacement|book) ?val(?:ue)?s?\b|\bcapital ?improved\b|\beval\w*\b|\bhome ?report\b|\bav ?(?:total|land|bldg)\b|\btax ?amount ?value\b"),
    ("tax", r"\btax(?:es|ation)?\b(?! ?(?:class|code|district|area|band|year|map|lot|block))|\bproperty ?tax\w*|\bibi\b|\biptu\b|\btaxes? ?fonciere\w*|\bgrundsteuer\b|\bgrunderwerb\w*|\bimpuestos?\b|\bimpostos?\b|\bcontribucion\w*|\bstamp ?duty\b|\btransfer ?tax\b|\bplusvalia\b|\bitp\b"),
    ("year_renovated", r"\b(?:year|yr|ano|annee|jahr|date)? ?(?:of ?|de ?|last ?|la ?)*(?:renov\w*|remod\w*|reforma(?:do|cion)?|rehabilita\w*|refurb\w*|moderni\w*|saniert\w*|sanierung\w*)\b|\beff(?:ective)? ?(?:year|yr)\b|\b(?:year|yr) ?(?:remod|renov)\w*"),
    ("year_built", r"\b(?:year|yr|date|ano|anno|annee|jahr)s? ?(?:of ?|de ?|da ?|di ?|du ?|des ?|la ?|was ?|house ?|bldg ?|building ?|original ?)*(?:built|blt|bld|build|construct\w*|construc\w*|constru\w*|costru\w*|edifica\w*|baus?|complet\w*)\b|\b(?:built|build|building) ?(?:year|in|yr|date|on)\b|^built$|\b(?:yr|year) ?blt\b|\b(?:cad ?)?construct(?:ion|ed)? ?(?:year|yr|date)\b|\bbau ?jahr\b|\bbouwjaar\b|\bconstruction ?annee\b|\bantig\w* ?ano\b|\bano ?antiguedad\b|\byear ?(?:completion|completed)\b"),
    ("age", r"\b(?:house|building|property|bldg|home|apartment|flat)? ?age\b|\bantiguedad\b|\bidade\b|\balter\b|\bage ?(?:of|in) ?\w*"),
    ("sale_year", rf"\b{_SOLD} ?(?:years?|yr|ano|annee|jahr)\b|\b(?:year|yr|ano|annee|jahr) ?(?:of ?|de ?|da ?|la ?)*{_SOLD}\b"),
    ("sale_month", rf"\b{_SOLD} ?(?:months?|mo|mth|mes|mois|monat)\b|\b(?:months?|mo|mth|mes|mois|monat) ?(?:of ?|de ?|da ?|la ?)*{_SOLD}\b"),
    ("sale_date", rf"\b{_SOLD} ?{_DATE}\b|\b{_DATE} ?(?:of ?|de ?|del ?|da ?|do ?|la ?|des ?|du ?|le ?)*{_SOLD}\b|\b(?:verkaufs|kauf|transaktions|vertrags|beurkundungs)datum\b|^(?:sold|settled|settlement|closed|closing|recorded)$|^year ?month$|^yyyymm$"),
    ("sale_price", rf"\b(?:{_SOLD}|final|paid|actual|net|hammer|achieved|realised|realized) ?{_PRICE}\b|\b{_PRICE} ?(?:of ?|de ?|d ?|da ?|la ?)*(?:{_SOLD}|paid|pagado|pago|final|finale|paye|gezahlt|achieved)\b|\bvaleur ?fonciere\b|\b(?:kauf|verkaufs)preis\b|\bkoopsom\b|\bsp\b|\bsold ?for\b"),
    ("price", rf"(?<!area )(?<!size )\b{_PRICE}\b|\bpricing\b|\bhouse ?price\b|^y$|\bmedv\b|\bmedian ?house ?value\b"),
    ("energy", r"\benerg\w*|\bepc\b|\bdpe\b|\bges\b|\bipe\b|\benev\b|\bber(?: ?rating)?\b"),
    ("latitude", r"\b(?:geo ?)?latt?i?t?u?d?e?\b|\blatitud\b|\bbreitengrad\b|\bgeo ?breite\b|\bcoord\w* ?lat\b"),
    ("longitude", r"\b(?:geo ?)?lon(?:g|gt?itude?|gitud)?\b|\blng\b|\blangengrad\b|\blaengengrad\b|\bgeo ?lange\b|\bcoord\w* ?lon\b"),
    ("parcel", r"\bparcel(?:a|le|les)? ?(?:id|no|nr|num\w*|code|key|pin|identifier)\b|^parcel(?:a|le)?$|\b(?:id|num\w*|code|codigo) ?(?:de ?|da ?|la ?|del ?)*(?:parcel\w*|inmueble|imovel|bien|vivienda|immobilie|property|house|home|finca|casa|propiedad|predio)\b|\bpid\b|\bapn\b|\bpin\b|\buprn\b|\bbbl\b|\bprop(?:erty)? ?(?:id|key|no|nr|number|num|code)\b"
        r"|\b(?:house|home|asset|dwelling|unit|inmueble|imovel|vivienda|predio|casa|building|bldg) ?id\b|\b(?:erf|stand|title|folio|cadastral|assessor|tax ?lot) ?(?:no|nr|number|num)\b|\berf$|\bref(?:erencia)? ?cat(?:astral)?\b|\bcadastro\b|\bcadastr\w* ?(?:ref\w*|id|num\w*)\b|\bobjekt ?(?:id|nr|nummer)\b|\bmatricula\b|\bflurstuck\w*"),
    ("postcode", r"\bzip ?(?:code)?s?\b|\bpost(?:al)? ?codes?\b|\bpostcode\b|^post(?:al)?$|\bplz\b|\bpostleitzahl\b|\bcod(?:igo|e)? ?postal\b|^cp$|^c p$|\bcep\b|^cap$|\beircode\b|\bpostal\b"),
    ("id", r"^(?:id|no|nr|num|numero|number|index|idx|key|x|row|sn|s no|sr no|lfd nr|obs|record)$|\bids?$|^id\b|^unnamed|^column ?0$|\brow ?(?:id|number|nr|num|no|names?)\b|\bref(?:erence|erencia)?$|\bref ?(?:no|nr|num\w*)\b|\bmls\b|\bmls ?\w*|\blist(?:ing)? ?(?:id|no|number|num)\b|\btransaction ?(?:id|no|number|unique ?identifier)?$|\bunique ?identifier\b|\b(?:gu|uu|zp|tu)id\b|\btui\b|\banuncio$|\bcodigo ?(?:anuncio|inmueble|imovel)\b|\bscout ?id\b|\bkey$|\bserial ?(?:no|number)\b|\bdocument ?(?:no|number)?$|\bdoc(?:ument)? ?(?:no|nr|num\w*|id)\b|\bno ?disposition\b|\bfid\b|\bobjectid\b"),
    ("lot_area", rf"\b{_LOT} ?(?:del? ?|du ?|do ?|da ?|total ?)*{_AREA}\b|\b{_AREA} ?(?:del? ?(?:la ?)?|du ?|do ?|da ?|of ?|the ?|total ?)*{_LOT}\b|\bacre(?:s|age)?\b|^(?:land|erf|stand|section)(?: (?:m2|sqm|sq ?ft|sqft|ha))?$|\bgrundst\w*|\bgrundfl\w*|\blot$|\bplot$|^terreno$|^terrain$|^parcela$|\bland ?squa\w*|\bperceel\w*"),
    ("part_area", rf"\b(?:garage|bsmt|basement|cellar|porch|deck|pool|terra[cs]\w*|balcon\w*|patio|attic|mas ?vnr|bsmt ?\w+|low ?qual|1st|2nd|3rd|first|second|above|below|upper|lower|sotano|keller|cave|jardin|garden|kitchen|cocina|wood|open|enclosed|screen|veranda|unfinished|commercial|office|dependance)\b.*\b(?:{_AREA}|flr|fin|sf)\b|\b{_AREA} ?(?:de ?|del ?|of ?)*(?:garage|basement|terra\w*|balcon\w*|jardin|garden|above|kitchen)\b|\bbasement\b"),
    ("living_area", rf"\b{_LIVING} ?(?:{_LIVING} ?)?{_AREA}\b|\b{_AREA} ?(?:del? ?(?:la ?)?|du ?|do ?|da ?|of ?)*{_LIVING}\b|\bwohn ?fl\w*|\bnutzfl\w*|\bwoon ?oppervlakte\b|\b(?:sup|surf|mts?2?) ?(?:hab|util|const|bati|cub|cubierta)\w*|\bgla\b|\bnsa\b|\b(?:full|total|tot|life|living) ?sq$"),
    ("area", rf"^(?:the ?)?(?:{_AREA})(?: ?(?:in ?)?(?:{_AREA}|eur|ft|feet|m|total))*$|\b(?:sq ?ft|sqft|sqm|sq ?mt?|m2|square ?(?:feet|footage|met\w+)|metros ?cuadrados|metragem|quadratmeter)\b"),
    ("part_bathrooms", r"\b(?:half|1 2|bsmt|basement|medio|medios|demi)\b.*\b(?:bath\w*|bano\w*|bain\w*)"),
    ("bedrooms", r"\bbed ?rooms?\d*\b|\bbeds?\d*\b|\bbed ?r?ms?\b|\bbr\b|\bbds?\b|\bbdrms?\b|\bbhk\b|\bdormitorios?\b|\bdorms?\b|\bhabitaci\w*|\bhabs?\b|\balcobas?\b|\brecamaras?\b|\bquartos?\b|\bchambres?\b|\bschlafzimmer\w*|\bslaapkamers?\b|\bbedroom ?abv ?gr\b"),
    ("bathrooms", r"\bbath ?(?:rooms?|number|count)?s?\d*\b|\bba\b|\bbth\b|\bbanos?\b|\bbanheiros?\b|\bsalles? ?(?:de ?)?(?:bains?|d eau)\b|\bsdb\b|\bbade?zimmer\w*|\bbaeder\b|\bbader\b|\bbadkamers?\b|\baseos?\b|\bcasas? ?de ?banho\b|\btoilets?\b|\bwcs?\b"),
    ("rooms", r"\brooms?(?: ?(?:number|count|total))?\b|\b(?:num\w*|nb|no|anzahl) ?(?:of ?|de ?)*(?:rooms?|pieces?|zimmer|ambientes)\b|\bzimmer\w*|\bpieces?(?: ?principales?)?\b|\bambientes\b|\bcomodos\b|\bkamers\b|\bestancias\b|\bdivisoes\b|\btot ?rms\w*|\broomnumber\b"),
    ("quality", r"\bqual(?:ity)?(?: ?(?:id|class))?\b|\bgrade\b|\bcalidad\w*|\bqualite\b|\bqualitat\b|\bqualidade\b|\bcad ?astral ?quality ?id\b|\bconstruction ?class\b"),
    ("condition", r"\bcond(?:ition)?\b|\bestado(?: ?(?:de ?|da ?)*(?:conserv\w*|vivienda|casa|inmueble|imovel))\b|\bconservac\w*|\betat\b|\bzustand\b|\bstaat\b|\brating\b|\bview\b|\bstate ?of\b|\bqu\b|\bqc\b"),
    ("house_number", r"\b(?:house|street|building|civic|haus) ?(?:no|nr|num\w*|nummer)\b|\bhausnr\b|\bhausnummer\b|\bnumero ?(?:de ?)?(?:voie|calle|portal)\b|\badresse ?numero\b|\bno ?voie\b|\bpaon\b|\bsaon\b|\bprimary ?name\b|\bsecondary ?name\b|\b(?:apt|apartment|unit|flat) ?(?:no|nr|num\w*)?$|\bhuisnummer\b|\bportal\b|^block$"),
    ("address", r"\b(?:full ?|street ?|property ?|prop ?|complete ?)?address\b|(?:\b|site|situs|prop|street|loc)addr\b|\bsitus\b|\bdireccion\b|\bendereco\b|\badresse?s?\b|\bmorada\b|\bdomicilio\b|\banschrift\b|\badres\b|\bubicacion\b|^property$|\bstrasse ?(?:und ?)?hausn\w*"),
    ("street", r"\bstreet(?: ?name)?\b|\bcalle\b|\brua\b|\brue\b|\bstr(?:asse)?\b|\bvoie\b|\bstraat\b|\broad\b|\blogradouro\b|\bavenida\b|\badresse ?nom ?voie\b"),
    ("neighbourhood", r"\bneighbo\w*|\bnbhd\b|\bnghbrhd\b|\bsuburb\w*|\bdistri\w*|\bbarrios?\b|\bbairros?\b|\bquartiers?\b|\bstadtteil\w*|\bviertel\b|\bbuurt\b|\bwijk\b|\bward\b|\bzon[ea]s?\b|\barea ?name\b|\bcolon(?:ia|y)\b|\bfreguesia\b|\barrondissement\b|\bvillage\b|\bsubdivision\b|\bestate\b|\bplanning ?area\b|\bcommunity\b|\blocali\w*|\bsector\b|\bsection\b|\bsub ?area\b|\blocation\w*"),
    ("city", r"\bcity\b|\btowns?\b|\btownship\b|\bciudad\b|\bcidade\b|\bville\b|\bcommune\b|\bcomuna\b|\bstadt\b|^ort$|\bmunicip\w*|\bgemeinde\b|\bgemeente\b|\bconcelho\b|\bpoblacion\b|\bborough\b|\bcouncil ?area\b|\bplaats\b|\bwoonplaats\b"),
    ("region", r"\bprovin\w*|\bcounty\b|\bstate\b|\bregions?(?: ?name)?\b|\bdepart\w*|\bbundesland\b|\bcomunidad\b|\bestado\b|\bcountry\b|\bpais\b|\bkreis\b|\blga\b"),
    ("code", r"\bcode?s?\b|\bcodigo\b|\bfips\b|\btract\b|\binsee\b|\bcensus\b|\bsub ?class\b|\bclass\b|\btype\b|\btipo\b|\bcategory\b|\bclase\b|\bmodel\b|\bzoning\b"),
    ("date", rf"^(?:the ?)?{_DATE}$|\b(?!up|candi)[a-z]{{0,8}}date\b|^(?:months?|mes|mois|monat|quarter|trimestre|quartal|maand)$|\b{_DATE}\b|\bquarter\b|\btrimestre\b"),
    ("year", r"^(?:years?|yr|ano|anno|annee|jahr|jaar)$"),
    ("description", r"\bdescri\w*|\bremarks?\b|\bnotes?\b|\bcomments?\b|\bcomentarios?\b|\bbeschreibung\w*|\bobservac\w*|\btitles?\b|\btitulo\b|\btitre\b|\btitel\b|\bheadline\b|\bfeatures\b|\btext\b"),
    ("other_area", r"\b(?:areas?|surface|superficie|flache|flaeche|size|oppervlakte)\b"),
    ("currency", r"\bcurrency\b|\bmoneda\b|\bmoeda\b|\bdevise\b|\bwahrung\b|\bwaehrung\b|\bvaluta\b"),
)  # fmt: skip

_COMPILED = tuple((concept, re.compile(pattern)) for concept, pattern in CONCEPTS)


@lru_cache(maxsize=4096)
def concepts_of(name: str) -> tuple[str, ...]:
    """Return all concepts that a name fits, the most special first."""
    words = words_of(name)
    return tuple(concept for concept, pattern in _COMPILED if pattern.search(words))


PHRASES = {
    "list_price": "it is a price that was asked, not the one that was paid",
    "price_per_area": "it is a price per area, and holds the price",
    "of_price": "it follows from the price",
    "rent": "it is a rent, not a price of a sale",
    "assessment": "it is an assessment of the price",
    "tax": "taxes follow from the price or its assessment",
    "days_on_market": "it is known only when the house is sold",
    "at_sale": "it describes the sale and is not known before it",
    "list_date": "it is not the date of the sale",
    "url": "it is an address of a page or picture, which tells nothing about the house",
}
"""Concept → why a column of it is left out."""
