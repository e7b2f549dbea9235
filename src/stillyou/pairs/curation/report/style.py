"""The style of the report's page."""

STYLE = """
:root{color-scheme:light dark;--ink:#1d1f23;--dim:#636a75;--paper:#fff;--line:#e2e5ea;--good:#2f7d5b;--bad:#c2543f;
--bound:#1d1f23;--soft:#f5f6f8}
@media(prefers-color-scheme:dark){:root{--ink:#e8eaee;--dim:#9aa2ae;--paper:#16181c;--line:#2d3138;--good:#5fb48c;
--bad:#e0806c;--bound:#e8eaee;--soft:#1f2227}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1240px;margin:0 auto;padding:24px}
h1{font-size:28px;margin:0 0 12px}
h2{font-size:19px;margin:36px 0 10px;border-bottom:1px solid var(--line);padding-bottom:4px}
h2 small{font-weight:400;color:var(--dim);font-size:14px;margin-left:6px}
.tiles{display:flex;gap:12px;flex-wrap:wrap}
.tile{background:var(--soft);border-radius:8px;padding:10px 18px;min-width:130px}
.tile b{display:block;font-size:26px;line-height:1.2}
.tile span{color:var(--dim)}
.tile.good b{color:var(--good)}
.tile.bad b{color:var(--bad)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:16px 0}
dt{color:var(--dim)}
dd{margin:0;overflow-wrap:anywhere}
pre{background:var(--soft);padding:10px 14px;border-radius:8px;overflow-x:auto;font-size:13px;margin:0}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,360px),1fr));gap:18px;align-items:start}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{text-align:left;padding:3px 10px 3px 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--dim);font-weight:500}
.n{text-align:right;font-variant-numeric:tabular-nums}
.bar{display:inline-block;width:70px;height:8px;background:var(--line);border-radius:4px;overflow:hidden}
.bar i{display:block;height:100%;background:var(--good)}
details{margin-top:14px}
summary{cursor:pointer;color:var(--dim);margin-bottom:8px}
figure{margin:0}
figcaption{font-size:13px;color:var(--dim)}
figcaption b{color:var(--ink)}
figcaption em{font-style:normal;white-space:nowrap}
svg{width:100%;height:auto;background:var(--soft);border-radius:6px}
svg text{font-size:10px;fill:var(--dim)}
svg .kept{fill:var(--good)}
svg .refused{fill:var(--bad)}
svg .axis{stroke:var(--dim);stroke-width:.6}
svg .bound{stroke:var(--bound);stroke-width:1.2;stroke-dasharray:3 2}
svg .curve{fill:none;stroke:var(--good);stroke-width:1.6}
.legend{color:var(--dim);font-size:13px}
.legend i{display:inline-block;width:12px;height:10px;margin:0 2px 0 10px;border-radius:2px}
.legend i.kept{background:var(--good);margin-left:0}
.legend i.refused{background:var(--bad)}
.legend i.bound{width:0;border-left:2px dashed var(--bound);border-radius:0}
.sheet{display:grid;grid-template-columns:repeat(auto-fill,minmax(384px,1fr));gap:16px}
.pair img{display:inline-block;width:33.33%;height:auto;vertical-align:top}
.pair code{font-size:11px;overflow-wrap:anywhere}
.why{color:var(--bad);font-weight:500}
.alarm{color:var(--bad)}
@media(max-width:520px){.sheet{grid-template-columns:1fr}main{padding:14px}}
"""
