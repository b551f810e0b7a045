"""The report's style sheet: calm in light and dark, readable on paper."""

from __future__ import annotations

import base64
import hashlib

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --card: #ffffff; --ink: #22262b; --soft: #6b7178; --line: #e4e1da; --faint: #f2f0ea;
  --good: #2f8056; --warn: #a86a12; --bad: #b23a3a; --calm: #376a9e;
  --active: #7ba3cc; --verifying: #b9a7d9; --repairing: #dda15c; --blocked: #c96464;
  --cached: #c8d6e3; --fresh: #7ba3cc; --output: #376a9e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15171a; --card: #1b1e22; --ink: #dfe2e5; --soft: #8f969e; --line: #2c3036; --faint: #202429;
    --good: #6cbd8f; --warn: #dba85a; --bad: #e28181; --calm: #8ab4dd;
    --active: #4d7ba8; --verifying: #7d6ba3; --repairing: #b07b39; --blocked: #a84c4c;
    --cached: #34465a; --fresh: #4d7ba8; --output: #8ab4dd;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 3.5rem 1.5rem 4rem; max-width: 62rem; background: var(--paper); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
h1 { font-size: 1.9rem; line-height: 1.25; font-weight: 600; letter-spacing: -.015em; margin: .6rem 0 .4rem; }
h2 { font-size: 1.05rem; font-weight: 600; margin: 3rem 0 .9rem; }
p { margin: .4rem 0; }
h1, p, li, td, pre, code { overflow-wrap: anywhere; }
code, pre, .id, .num { font-family: ui-monospace, "SF Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace; }
code, pre, .id { font-size: .86em; }
.num { font-variant-numeric: tabular-nums; }
.soft, .tick { color: var(--soft); fill: var(--soft); }
.verdict { display: inline-block; font-weight: 600; padding: .15rem .7rem; border-radius: 1rem; border: 1px solid; }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); } .calm { color: var(--calm); }
.figures { display: grid; grid-template-columns: repeat(6, 1fr); gap: 1px; margin: 2rem 0 0; padding: 0;
  background: var(--line); border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.figures div { background: var(--card); padding: .8rem .9rem; }
.figures dt { color: var(--soft); font-size: .8rem; }
.figures dd { margin: 0; }
.figures .value { font-size: 1.18rem; font-weight: 600; white-space: nowrap; letter-spacing: -.01em; }
.figures .below { color: var(--soft); font-size: .78rem; }
svg { display: block; width: 100%; height: auto; font-size: 12px; overflow: visible; }
svg text { fill: var(--ink); } svg .soft, svg .tick { fill: var(--soft); } svg .tick { font-size: 11px; }
.rule, .grid { stroke: var(--line); } .seam { stroke: var(--soft); stroke-dasharray: 2 3; }
.s-active { fill: var(--active); } .s-verifying { fill: var(--verifying); } .s-repairing { fill: var(--repairing); }
.s-blocked, .s-regressed { fill: var(--blocked); }
circle { stroke: var(--paper); stroke-width: 1.5; fill: var(--soft); }
.s-green { fill: var(--good); color: var(--good); } .s-red { fill: var(--bad); color: var(--bad); }
.s-waiting, .s-skipped { fill: var(--warn); color: var(--warn); }
.s-passed { color: var(--good); } .s-waived { color: var(--warn); }
td .s-blocked, td .s-regressed { color: var(--bad); } td .s-repairing { color: var(--warn); }
td .s-active, td .s-verifying { color: var(--calm); } td .s-planned { color: var(--soft); }
.t-cached { fill: var(--cached); } .t-fresh { fill: var(--fresh); } .t-output { fill: var(--output); }
.legend { color: var(--soft); font-size: .8rem; margin: .6rem 0 0; }
.legend svg { display: inline-block; width: .7rem; height: .7rem; margin: 0 .35rem 0 .9rem; vertical-align: -.05rem; }
.legend svg:first-child { margin-left: 0; }
.wide { overflow-x: auto; } .wide > * { min-width: 38rem; }
table { width: 100%; border-collapse: collapse; font-size: .92rem; }
th { text-align: left; font-weight: 500; color: var(--soft); font-size: .8rem; }
th, td { padding: .45rem .9rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th:last-child, td:last-child { padding-right: 0; }
td.right, th.right { text-align: right; white-space: nowrap; }
td.keep { white-space: nowrap; }
.more { color: var(--soft); font-size: .86rem; }
.plus { color: var(--good); } .minus { color: var(--bad); }
pre { margin: .5rem 0 0; padding: .8rem 1rem; background: var(--faint); border-radius: 6px; white-space: pre-wrap; }
details summary { cursor: pointer; color: var(--soft); font-size: .86rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: .9rem 1.1rem; margin: 0 0 .7rem; }
.card p:first-child { margin-top: 0; } .card > :last-child { margin-bottom: 0; }
.card ul { margin: .4rem 0 0; padding-left: 1.1rem; }
footer { margin-top: 4rem; padding-top: 1rem; border-top: 1px solid var(--line);
  color: var(--soft); font-size: .82rem; }
@media (max-width: 52rem) { .figures { grid-template-columns: repeat(3, 1fr); } body { padding-top: 2rem; } }
@media (max-width: 30rem) { .figures { grid-template-columns: repeat(2, 1fr); } }
@media print {
  :root { --paper: #fff; --card: #fff; --faint: #f5f5f5; }
  body { max-width: none; padding: 0; font-size: 11px; }
  h2 { break-after: avoid; } tr, .card, svg { break-inside: avoid; } pre { max-height: none; }
}
"""


def policy() -> str:
    """The page's content security policy: this style sheet and nothing else, from nowhere."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
