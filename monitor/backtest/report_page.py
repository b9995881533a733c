"""The frame of `report.html`: style, plotly.js and the script that draws, light and dark."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from html import escape
from pathlib import Path

from monitor.backtest.report_charts import Figure

STYLE = """
:root{color-scheme:light dark;--back:#fff;--text:#1a1a1a;--soft:#5a5a5a;--line:#d9d9d9;
--mark:#2166ac}
@media(prefers-color-scheme:dark){:root{--back:#15181c;--text:#e6e6e6;--soft:#a5a9ae;
--line:#363b41;--mark:#6db3e8}}
body{font:16px/1.5 system-ui,sans-serif;max-width:80rem;margin:1.5rem auto;padding:0 1rem;
background:var(--back);color:var(--text)}
h2{margin:2.5rem 0 .5rem}figure{margin:1rem 0}figcaption{font-weight:600}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,28rem),1fr));gap:0 2rem}
.pair>*{min-width:0}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.5rem 0 1.5rem}
th,td{padding:.2rem .5rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap;
background:var(--back)}
th{vertical-align:bottom;font-size:.85rem;white-space:normal}
th:first-child,td:first-child{text-align:left}
.wide{overflow-x:auto}.wide table{font-size:.9rem}
.wide th:first-child,.wide td:first-child{position:sticky;left:0}
.reasons td:first-child{white-space:normal}
.said{font-size:1.2rem;border-left:4px solid var(--mark);padding:.4rem 1rem}
.note{color:var(--soft)}dt{font-weight:600}dd{margin:0 0 .6rem}
@media(max-width:40rem){.wide table{font-size:.85rem}
.wide th:first-child,.wide td:first-child{white-space:normal;min-width:8rem}}
"""
# Text and lines take the page's colors; a change between light and dark draws anew.
_SCRIPT = """
function draw(){const s=getComputedStyle(document.documentElement),
v=n=>s.getPropertyValue(n).trim(),axis={gridcolor:v('--line'),zerolinecolor:v('--soft'),
linecolor:v('--line')};
for(const [id,f] of Object.entries(figures)){const l=structuredClone(f.layout);
Object.assign(l,{paper_bgcolor:'rgba(0,0,0,0)',plot_bgcolor:'rgba(0,0,0,0)',
font:{color:v('--text'),family:'system-ui,sans-serif'}});
l.xaxis={...axis,...l.xaxis};l.yaxis={...axis,...l.yaxis};
Plotly.react(id,f.data,l,{responsive:true,displayModeBar:false});}}
draw();matchMedia('(prefers-color-scheme:dark)').addEventListener('change',draw);
"""


def page(title: str, body: str, figures: Mapping[str, Figure | None]) -> str:
    """One HTML document; every figure that is not None has its place in `body` by id."""
    drawn = {name: figure for name, figure in figures.items() if figure is not None}
    data = json.dumps(drawn, allow_nan=False).replace("<", "\\u003c")
    return (
        "<!doctype html>\n<html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width,initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{STYLE}</style>\n{body}"
        f"<script>{_plotly()}</script>\n<script>const figures={data};{_SCRIPT}</script></html>\n"
    )


def _plotly() -> str:
    """plotly.js out of the installed package, found without importing it."""
    spec = importlib.util.find_spec("plotly")
    if spec is None or spec.origin is None:  # pragma: no cover - a declared dependency
        return ""
    path = Path(spec.origin).parent / "package_data" / "plotly.min.js"
    return path.read_text(encoding="utf-8")
