"""How the report looks: one set of names for colours, each with its light and its dark value."""

COLOURS = {  # name → on light, on dark
    "paper": ("#fdfdfc", "#14171b"),
    "card": ("#f3f3ef", "#1d2228"),
    "ink": ("#1c2024", "#e8e6e1"),
    "soft": ("#565d66", "#a3abb5"),
    "rule": ("#dcdcd7", "#343b44"),
    "ours": ("#0a62b5", "#6cb2f7"),
    "other": ("#b35900", "#f0a14e"),
    "good": ("#14692f", "#6ccb8a"),
    "bad": ("#b3261e", "#ff8f85"),
    # Too low … too high, blue against orange, which every kind of colour vision tells apart; the ends stand out most.
    "low3": ("#08458a", "#8cc8ff"),
    "low2": ("#3f86c9", "#4792db"),
    "low1": ("#a3c8e6", "#2f5e8f"),
    "even": ("#cfcdc6", "#4b5158"),
    "high1": ("#f3bf8b", "#8a5a2c"),
    "high2": ("#dd7a1f", "#d67f2c"),
    "high3": ("#8a3800", "#ffbd7d"),
}
SCALE = ("low3", "low2", "low1", "even", "high1", "high2", "high3")


def css() -> str:
    """Return the style sheet."""
    light, dark = (
        "".join(f"--{name}:{pair[side]};" for name, pair in COLOURS.items()) + f"color-scheme:{scheme};"
        for side, scheme in enumerate(("light", "dark"))
    )
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{RULES}"


RULES = """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--paper);color:var(--ink);line-height:1.55;font-size:16px;
  font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Liberation Sans",sans-serif}
header,main,footer{max-width:1160px;margin:0 auto;padding:0 20px}
header{padding-top:36px}
h1{font-size:clamp(1.5rem,4.5vw,2.2rem);line-height:1.2;margin:0 0 .35em;overflow-wrap:anywhere}
h2{font-size:1.45rem;line-height:1.25;margin:0 0 .3em}
h3{font-size:1.02rem;line-height:1.35;margin:0 0 .2em;overflow-wrap:anywhere}
p{margin:.4em 0;max-width:72ch}
a{color:var(--ours)}
a:focus-visible,.scroll:focus-visible,summary:focus-visible{outline:2px solid var(--ours);outline-offset:2px}
.soft,.lead,figcaption p,caption,footer{color:var(--soft)}
section{padding:30px 0 8px;border-top:1px solid var(--rule);margin-top:30px}
nav ul{display:flex;flex-wrap:wrap;gap:0 18px;list-style:none;padding:0;margin:14px 0 0}
nav a{display:inline-block;padding:4px 0}
.badge{display:inline-block;font-weight:650;padding:0 10px;border:1.5px solid currentColor;border-radius:99px;
  white-space:nowrap}
td .badge{font-size:.8rem;padding:0 8px}
.passed{color:var(--good)} .red{color:var(--bad)}

.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,200px),1fr));gap:14px;margin:22px 0 6px}
.tile{background:var(--card);border-radius:10px;padding:12px 16px}
.tile dt{color:var(--soft);font-size:.86rem}
.tile dd{margin:0}
.tile .big{font-size:1.65rem;font-weight:650;line-height:1.3;font-variant-numeric:tabular-nums}
.tile .small{font-size:.82rem;color:var(--soft)}

.scroll{overflow-x:auto;margin:16px 0;background:
  linear-gradient(90deg,var(--paper) 30%,transparent) left/36px 100%,
  linear-gradient(270deg,var(--paper) 30%,transparent) right/36px 100%,
  linear-gradient(90deg,#8886,transparent) left/12px 100%,linear-gradient(270deg,#8886,transparent) right/12px 100%;
  background-repeat:no-repeat;background-attachment:local,local,scroll,scroll}
table{border-collapse:collapse;width:100%;font-size:.88rem;font-variant-numeric:tabular-nums}
table:has(thead th:nth-child(2):last-child){width:auto}
caption{text-align:left;font-size:.86rem;padding-bottom:6px}
caption span{position:sticky;left:0;display:inline-block;max-width:calc(100vw - 28px)}
th,td{padding:6px 14px 6px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule);
  unicode-bidi:isolate}
thead th{font-weight:600;color:var(--soft);vertical-align:bottom}
tbody th{font-weight:500;min-width:8.5em;overflow-wrap:break-word}
th.number,td.number{text-align:right;padding:6px 0 6px 14px}
td.number{white-space:nowrap}
th small,td small{display:block;color:var(--soft);font-size:.78rem;font-weight:400}
tr.worst th,tr.worst td{background:color-mix(in srgb,var(--bad) 12%,transparent)}
.track{display:inline-block;width:70px;margin-left:10px;text-align:left}
.bar{display:inline-block;height:.62em;background:var(--ours);border-radius:2px}

.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:26px 36px;margin:22px 0}
.figures.three{grid-template-columns:repeat(auto-fit,minmax(min(100%,300px),1fr));gap:24px 28px}
figure{margin:0;min-width:0;display:grid;grid-row:span 3;grid-template-rows:subgrid;row-gap:0;align-content:start}
figcaption p{font-size:.86rem;margin:.1em 0 .6em;line-height:1.45}
svg{display:block;width:100%;height:auto;stroke-linejoin:round}
svg text{font-family:inherit}
.key{display:flex;flex-wrap:wrap;gap:2px 14px;font-size:.82rem;color:var(--soft);list-style:none;padding:0;margin:6px 0}
.key i{display:inline-block;width:.85em;height:.85em;border-radius:50%;margin-right:.4em;vertical-align:-.08em}

details{margin:14px 0}
summary{cursor:pointer;color:var(--ours)}
ul{padding-left:1.2em;margin:.5em 0}
li{max-width:76ch}
.sales{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,330px),1fr));gap:18px;margin:16px 0 20px;
  padding:0;list-style:none}
.sale{background:var(--card);border-radius:10px;padding:14px 16px;max-width:none;min-width:0;overflow-wrap:anywhere}
.sale h3 span{font-weight:400;color:var(--soft);white-space:nowrap}
.sale p,.sale ul{font-size:.89rem}
.sale ul{list-style:disc}
.sale details{margin:6px 0 0;font-size:.85rem}
.sale dl{display:grid;grid-template-columns:auto 1fr;gap:0 14px;margin:6px 0 0}
.sale dl dd{margin:0;text-align:right;font-variant-numeric:tabular-nums}
.range{position:relative;height:26px;margin:10px 8px 6px}
.range span{position:absolute;top:50%}
.range .line{left:0;right:0;height:1px;background:var(--rule)}
.range .held{height:10px;margin-top:-5px;background:var(--ours);opacity:.35;border-radius:3px}
.range .said{width:3px;height:20px;margin:-10px 0 0 -1.5px;background:var(--ours)}
.range .paid{width:12px;height:12px;margin:-6px 0 0 -6px;background:var(--other);border-radius:50%}
.terms{display:grid;grid-template-columns:minmax(7em,auto) 1fr;gap:4px 18px;font-size:.89rem}
.terms dt{font-weight:600} .terms dd{margin:0}
footer{padding:26px 20px 50px;margin-top:34px;font-size:.82rem;overflow-wrap:anywhere}
footer p{max-width:none}

@media (max-width:520px){
  body{font-size:15px}
  header,main,footer{padding-left:14px;padding-right:14px}
  table{font-size:.8rem}
  th,td{padding-right:8px}
  th.number,td.number{padding-left:8px}
  td .badge{font-size:.72rem;padding:0 6px}
  tbody th{min-width:7em;position:sticky;left:0;background:var(--paper)}
  .track{display:none}
  tr.worst th{background:color-mix(in srgb,var(--bad) 12%,var(--paper))}
  .terms{grid-template-columns:1fr}
  .terms dd{margin-bottom:.5em}
}
@media print{figure,.sale{break-inside:avoid}nav{display:none}}
""".strip()
