// Copyright 2026 the asyncio for Deno authors. MIT license.

/** The page; its script and style come from the same address. */
export const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>asyncio</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
<script src="page.js" defer></script>
</head>
<body>
<header>
  <h1 id="program">Connecting …</h1>
  <p id="state" role="status"></p>
  <p id="numbers"></p>
</header>
<div class="bar">
  <div role="tablist" aria-label="Views">
    <button role="tab" id="tab-tree" aria-controls="tree-panel" aria-selected="true">Tree</button>
    <button role="tab" id="tab-objects" aria-controls="objects-panel" aria-selected="false" tabindex="-1">Queues &amp; locks</button>
    <button role="tab" id="tab-steps" aria-controls="steps-panel" aria-selected="false" tabindex="-1">Steps</button>
    <button role="tab" id="tab-timeline" aria-controls="timeline-panel" aria-selected="false" tabindex="-1">Timeline</button>
  </div>
  <label>Search <input id="search" type="search" autocomplete="off" placeholder="name, operation … ( / )"></label>
  <button id="freeze" aria-pressed="false">Freeze</button>
  <button id="sites" title="Records for a minute where tasks are created and where they wait">Record places</button>
  <a id="picture" href="tree.svg" download="tree.svg">Save picture</a>
</div>
<ul id="findings" aria-label="What is probably a mistake"></ul>
<main>
  <section id="tree-panel" role="tabpanel" aria-labelledby="tab-tree">
    <div id="tree" role="tree" tabindex="0" aria-label="Tasks"><div id="rows"></div></div>
  </section>
  <section id="objects-panel" role="tabpanel" aria-labelledby="tab-objects" hidden></section>
  <section id="steps-panel" role="tabpanel" aria-labelledby="tab-steps" hidden></section>
  <section id="timeline-panel" role="tabpanel" aria-labelledby="tab-timeline" hidden></section>
  <aside id="details" aria-live="polite" aria-label="The chosen task"></aside>
</main>
</body>
</html>
`;

export const STYLE = `
:root {
  --text: #1c2024; --dim: #5b636b; --back: #ffffff; --raised: #f4f5f7; --line: #d8dce0; --accent: #0b62c4;
  --waiting: #8aa4c8; --running: #1f9d55; --ready: #d08700; --outside: #8b5cf6; --new: #9aa1a8; --bad: #b42318; --bad-back: #fdeceb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e6e8ea; --dim: #9aa3ab; --back: #14171a; --raised: #1e2226; --line: #343a40; --accent: #6cb0ff;
    --waiting: #5d7aa6; --running: #3fbf77; --ready: #e0a33a; --outside: #a78bfa; --new: #6c757d; --bad: #ff9c92; --bad-back: #3a1d1b;
  }
}
* { box-sizing: border-box; }
html, body { height: 100%; margin: 0; }
body { display: flex; flex-direction: column; color: var(--text); background: var(--back); font: 14px/1.45 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: 0 1.2rem; align-items: baseline; padding: .6rem 1rem .3rem; }
h1 { font-size: 1.05rem; margin: 0; overflow-wrap: anywhere; }
header p { margin: 0; color: var(--dim); }
#state.gone { color: var(--bad); font-weight: 600; }
#findings { list-style: none; margin: 0; padding: 0 1rem .3rem; max-height: 25vh; overflow: auto; flex: none; border-bottom: 1px solid var(--line); }
#findings:empty { display: none; }
#findings li { background: var(--bad-back); color: var(--bad); border-left: 3px solid currentColor; padding: .2rem .6rem; margin-top: .3rem; overflow-wrap: anywhere; }
#findings small { display: block; color: var(--text); white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.bar { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; padding: .6rem 1rem; border-bottom: 1px solid var(--line); }
[role=tablist] { display: flex; flex-wrap: wrap; }
button, .bar a, input { font: inherit; color: inherit; background: var(--raised); border: 1px solid var(--line); border-radius: 4px; padding: .25rem .6rem; }
.bar a { text-decoration: none; }
button { cursor: pointer; }
[role=tab][aria-selected=true], [aria-pressed=true] { background: var(--accent); border-color: var(--accent); color: var(--back); }
input { width: 15rem; max-width: 60vw; background: var(--back); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
main { flex: 1; min-height: 0; display: flex; }
section { flex: 1; min-width: 0; overflow: auto; padding: .3rem 1rem; }
#tree-panel { padding: 0; }
#tree { height: 100%; overflow: auto; padding: .3rem 1rem; }
#rows { position: relative; }
.row { position: absolute; left: 0; height: 24px; line-height: 24px; white-space: pre; cursor: default; min-width: 100%; font-family: ui-monospace, monospace; font-size: 12.5px; border-radius: 3px; }
.row.chosen { background: var(--raised); box-shadow: inset 0 0 0 1px var(--accent); }
.branch { color: var(--line); }
.name { font-weight: 600; }
.scope { color: var(--dim); }
.dot { display: inline-block; width: 8px; height: 8px; border-radius: 50%; margin-right: 6px; background: var(--new); }
.waiting { background: var(--waiting); } .running { background: var(--running); } .ready { background: var(--ready); }
.outside { background: var(--outside); } .new { background: var(--new); }
aside { width: 24rem; max-width: 40%; overflow: auto; border-left: 1px solid var(--line); padding: .6rem 1rem; overflow-wrap: anywhere; }
aside:empty { display: none; }
aside h2 { font-size: 1rem; margin: 0 2rem .3rem 0; }
.close { float: right; line-height: 1; padding: .3rem .5rem; }
aside h3 { font-size: .85rem; margin: .8rem 0 .2rem; color: var(--dim); }
aside ol, aside ul { margin: 0; padding-left: 1.1rem; }
aside li { font-family: ui-monospace, monospace; font-size: 12px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
th { color: var(--dim); font-weight: 500; white-space: nowrap; }
svg text { fill: var(--text); font: 12px ui-monospace, monospace; }
.legend { display: flex; flex-wrap: wrap; gap: .8rem; color: var(--dim); margin: .3rem 0; }
rect.waiting { fill: var(--waiting); } rect.running { fill: var(--running); } rect.ready { fill: var(--ready); }
rect.outside { fill: var(--outside); } rect.new { fill: var(--new); }
.lag { fill: none; stroke: var(--bad); stroke-width: 1.5; } .rate { fill: none; stroke: var(--accent); stroke-width: 1.5; }
@media (max-width: 700px) {
  html, body { height: auto; }
  main { display: block; }
  #findings { max-height: 20vh; }
  #tree { height: 60vh; }
  section { min-height: 60vh; }
  aside { position: sticky; bottom: 0; width: auto; max-width: none; max-height: 45vh; background: var(--back); border-left: 0; border-top: 2px solid var(--line); }
}
`;
