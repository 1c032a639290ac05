// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * The script of the page. It runs in the browser: `web.ts` serves its text. All that comes from the program is set as
 * text, never as markup.
 *
 * It draws the timeline itself, in some 80 lines: bars and two lines. A library for that would be a dependency of the
 * package, larger than the whole page, and most set styles in a way that the page's policy forbids.
 */
export function pageScript() {
  const ROW_HEIGHT = 24;
  const INTERVAL = 1000;
  /** How long the timeline is, in milliseconds, and how many tasks it shows. */
  const SPAN = 60_000;
  const MAX_LANES = 40;
  const MAX_HISTORY = 50;

  const byId = (id) => document.getElementById(id);
  const tree = byId("tree");
  const rowsElement = byId("rows");
  const search = byId("search");
  const details = byId("details");

  /** What the server said last. */
  let data = null;
  let isFrozen = false;
  /** The rows of the tree that match the search. */
  let shown = [];
  let chosen = null;
  /** What each task did, and from when on: for its history and the timeline. */
  const histories = new Map();
  const samples = [];

  /** Creates an element with text or other elements in it. */
  function element(name, attributes = {}, ...children) {
    const created = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key === "class") created.className = value;
      else if (key === "top") created.style.top = `${value}px`;
      else if (key.startsWith("on")) {
        created.addEventListener(key.slice(2), value);
      } else created.setAttribute(key, value);
    }
    created.append(...children);
    return created;
  }

  function graphic(name, attributes = {}, text) {
    const created = document.createElementNS(
      "http://www.w3.org/2000/svg",
      name,
    );
    for (const [key, value] of Object.entries(attributes)) {
      created.setAttribute(key, value);
    }
    if (text !== undefined) created.textContent = text;
    return created;
  }

  function seconds(value) {
    if (value < 0) return `-${seconds(-value)}`;
    if (value >= 0.0005 && value < 0.01) {
      return `${Math.round(value * 1000)} ms`;
    }
    if (value < 10) return `${Number(value.toFixed(2))} s`;
    if (value < 120) return `${Math.round(value)} s`;
    if (value < 7200) return `${Math.round(value / 60)} min`;
    return `${Math.round(value / 3600)} h`;
  }

  async function post(path, body) {
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (answer.error !== undefined) throw new Error(answer.error);
  }

  function say(text, isGone) {
    const state = byId("state");
    if (state.textContent !== text) state.textContent = text;
    state.classList.toggle("gone", isGone);
  }

  async function refresh() {
    if (isFrozen || document.hidden) return;
    let next;
    try {
      next = await (await fetch("data")).json();
    } catch {
      say("The viewer has ended", true);
      return;
    }
    if (isFrozen) return;
    if (next.error !== undefined) {
      say(next.error, true);
      return;
    }
    if (data !== null && data.program.started !== next.program.started) {
      histories.clear();
      samples.length = 0;
    }
    data = next;
    remember();
    render();
  }

  /** Keeps what the tasks do now for their histories. */
  function remember() {
    const { at } = data.snapshot;
    const alive = new Set();
    for (const task of data.snapshot.tasks) {
      alive.add(task.id);
      const what = task.activity === "waiting" && task.waits
        ? task.waits.map((wait) => wait.for).join(", ")
        : task.activity;
      let history = histories.get(task.id);
      if (history === undefined) {
        histories.set(
          task.id,
          history = { name: task.name, entries: [], end: null },
        );
      }
      const last = history.entries.at(-1);
      if (last === undefined || last.what !== what) {
        const age = task.waits?.[0]?.age ??
          (last === undefined ? task.age : 0) ?? 0;
        const from = Math.max(at - age * 1000, last?.at ?? 0);
        history.entries.push({ at: from, what, activity: task.activity });
        if (history.entries.length > MAX_HISTORY) history.entries.shift();
      }
    }
    for (const [id, history] of histories) {
      if (alive.has(id)) continue;
      history.end ??= at;
      if (at - history.end > SPAN) histories.delete(id);
    }
    const { lag } = data.statistics;
    samples.push({ at, rate: data.stepsPerSecond, lag: lag.longest });
    while (samples.length > 0 && at - samples[0].at > SPAN) samples.shift();
  }

  function matches(text) {
    return text.toLowerCase().includes(search.value.trim().toLowerCase());
  }

  function render() {
    if (data === null) return;
    const { program, snapshot, statistics, findings } = data;
    byId("program").textContent = `${program.title} (${program.pid})`;
    document.title = `${program.title} – asyncio`;
    say(isFrozen ? "Frozen" : "Live", false);
    const counts = {};
    for (const loop of snapshot.loops) {
      for (const [activity, count] of Object.entries(loop.tasks)) {
        counts[activity] = (counts[activity] ?? 0) + count;
      }
    }
    const total = Object.values(counts).reduce((sum, each) => sum + each, 0);
    const each = Object.entries(counts).filter(([_, count]) => count > 0)
      .map(([activity, count]) => `${count} ${activity}`).join(", ");
    const described = snapshot.tasks.length;
    const part = described < total ? ` (the oldest ${described} below)` : "";
    byId("numbers").textContent = `${total} tasks${part}: ${each} · ${
      Math.round(data.stepsPerSecond)
    } steps/s · lag ${seconds(statistics.lag.mean)}, longest ${
      seconds(statistics.lag.longest)
    }`;
    byId("findings").replaceChildren(
      ...findings.map(({ text, details }) =>
        element(
          "li",
          {},
          text,
          ...details.slice(0, 4).map((line) => element("small", {}, line)),
        )
      ),
    );
    const filter = search.value.trim();
    shown = filter === ""
      ? data.rows
      : data.rows.filter(({ text }) => matches(text));
    renderRows();
    renderDetails();
    if (!byId("objects-panel").hidden) renderObjects();
    if (!byId("steps-panel").hidden) renderSteps();
    if (!byId("timeline-panel").hidden) renderTimeline();
  }

  /** Only the rows that can be seen are there. */
  function renderRows() {
    rowsElement.style.height = `${Math.max(1, shown.length) * ROW_HEIGHT}px`;
    const first = Math.max(0, Math.floor(tree.scrollTop / ROW_HEIGHT) - 5);
    const count = Math.ceil(tree.clientHeight / ROW_HEIGHT) + 10;
    const activities = new Map(
      data.snapshot.tasks.map(({ id, activity }) => [id, activity]),
    );
    if (shown.length === 0) {
      rowsElement.replaceChildren(
        element(
          "p",
          {},
          search.value === "" ? "There are no tasks" : "Nothing matches",
        ),
      );
      return;
    }
    rowsElement.replaceChildren(
      ...shown.slice(first, first + count).map((row, index) => {
        const isChosen = row.task !== undefined && row.task === chosen;
        const { name = "" } = row;
        const parts = row.task === undefined
          ? [element("span", { class: "scope" }, row.text)]
          : [
            element("span", {
              class: `dot ${activities.get(row.task) ?? "new"}`,
            }),
            element("span", { class: "name" }, name),
            row.text.slice(name.length),
          ];
        return element(
          "div",
          {
            class: isChosen ? "row chosen" : "row",
            role: "treeitem",
            id: `row-${first + index}`,
            top: (first + index) * ROW_HEIGHT,
            "aria-level": row.depth + 1,
            "aria-selected": isChosen,
            "aria-setsize": shown.length,
            "aria-posinset": first + index + 1,
            onclick: () => choose(row.task ?? null),
          },
          element(
            "span",
            { class: "branch", "aria-hidden": "true" },
            search.value === "" ? row.branch : "",
          ),
          ...parts,
        );
      }),
    );
    const at = chosenIndex();
    if (at < 0) tree.removeAttribute("aria-activedescendant");
    else tree.setAttribute("aria-activedescendant", `row-${at}`);
  }

  function chosenIndex() {
    return chosen === null
      ? -1
      : shown.findIndex(({ task }) => task === chosen);
  }

  function choose(task) {
    chosen = task;
    const index = chosenIndex();
    if (index >= 0) {
      const top = index * ROW_HEIGHT;
      const bottom = top + ROW_HEIGHT * 2 - tree.clientHeight;
      if (tree.scrollTop > top) tree.scrollTop = top;
      else if (tree.scrollTop < bottom) tree.scrollTop = bottom;
    }
    render();
  }

  /** Moves the choice among the rows of tasks. */
  function move(step) {
    let index = chosenIndex();
    if (index < 0) index = step > 0 ? -1 : shown.length;
    do index += Math.sign(step); while (
      shown[index] !== undefined && shown[index].task === undefined
    );
    for (
      let left = Math.abs(step) - 1;
      left > 0 && shown[index + Math.sign(step)] !== undefined;
      left--
    ) {
      index += Math.sign(step);
    }
    while (shown[index] !== undefined && shown[index].task === undefined) {
      index -= Math.sign(step);
    }
    if (shown[index]?.task !== undefined) choose(shown[index].task);
  }

  function section(title, lines) {
    return lines.length === 0 ? [] : [
      element("h3", {}, title),
      element(
        "ul",
        {},
        ...lines.map((line) => element("li", {}, line)),
      ),
    ];
  }

  function siteText({ function: name, file, line }) {
    return `${name === null ? "" : `${name} `}${file}:${line}`;
  }

  function renderDetails() {
    if (chosen === null) {
      details.replaceChildren();
      return;
    }
    const task = data.snapshot.tasks.find(({ id }) => id === chosen);
    const history = histories.get(chosen);
    const parts = [
      element("button", {
        class: "close",
        "aria-label": "Close",
        onclick: () => {
          tree.focus();
          choose(null);
        },
      }, "×"),
      element("h2", {}, task?.name ?? history?.name ?? "A task that has ended"),
    ];
    if (task === undefined) parts.push(element("p", {}, "It has ended"));
    else {
      const row = data.rows.find((each) => each.task === chosen);
      const does = row === undefined
        ? task.activity
        : row.text.slice((row.name ?? "").length).trim();
      const runs = task.runs === undefined ? "" : `; runs ${task.runs}()`;
      parts.push(element("p", {}, `${does}${runs}`));
      const waits = (list, indent) =>
        list.flatMap((wait) => [
          `${indent}${wait.for}${
            wait.age === undefined ? "" : ` for ${seconds(wait.age)}`
          }${wait.left === undefined ? "" : `, ${seconds(wait.left)} left`}`,
          ...waits(wait.inside ?? [], `${indent}→ `),
        ]);
      parts.push(...section("Waits for", waits(task.waits ?? [], "")));
      parts.push(
        ...section("Stack, innermost first", (task.stack ?? []).map(siteText)),
      );
      parts.push(...section("Created at", (task.created ?? []).map(siteText)));
      if (data.program.allowCancel) {
        parts.push(element(
          "p",
          {},
          element("button", {
            onclick: async (event) => {
              const { target } = event;
              try {
                await post("cancel", { task: task.id });
                target.textContent = "Cancelled";
              } catch (error) {
                target.textContent = error.message;
              }
            },
          }, "Cancel this task"),
        ));
      }
    }
    const entries = (history?.entries ?? []).slice(-15).reverse().map((
      { at, what },
    ) => `${new Date(at).toLocaleTimeString()} ${what}`);
    parts.push(...section("History, newest first", entries));
    // The button that is being pressed stays.
    if (details.contains(document.activeElement)) return;
    details.replaceChildren(...parts);
  }

  function table(headings, rows) {
    return element(
      "table",
      {},
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          ...headings.map((each) => element("th", { scope: "col" }, each)),
        ),
      ),
      element(
        "tbody",
        {},
        ...rows.map((row) =>
          element("tr", {}, ...row.map((cell) => element("td", {}, cell)))
        ),
      ),
    );
  }

  function renderObjects() {
    const rows = data.objects.filter((row) => matches(row.join(" ")));
    byId("objects-panel").replaceChildren(
      rows.length === 0
        ? element("p", {}, "No queues, locks or connections are known")
        : table(["Object", "Waiting", "State"], rows),
    );
  }

  function renderSteps() {
    const rows = data.statistics.slowest
      .filter(({ name }) => matches(name))
      .map(({ name, seconds: took, at, site }) => [
        name,
        seconds(took),
        new Date(at).toLocaleTimeString(),
        site ?? "",
      ]);
    byId("steps-panel").replaceChildren(
      rows.length === 0
        ? element(
          "p",
          {},
          "No step has taken longer than a millisecond since this page was opened",
        )
        : table(["Slowest step", "Took", "Ended at", "Created at"], rows),
    );
  }

  function renderTimeline() {
    const panel = byId("timeline-panel");
    const width = Math.max(300, panel.clientWidth - 40);
    const labels = Math.min(180, width / 3);
    const { at } = data.snapshot;
    const x = (time) =>
      labels + (width - labels) * Math.max(0, 1 - (at - time) / SPAN);
    const { slowest } = data.statistics;
    const ran = new Map();
    for (const { task, seconds: took } of slowest) {
      ran.set(task, (ran.get(task) ?? 0) + took);
    }
    // Those first that did most.
    const lanes = [...histories].filter(([_, { name }]) => matches(name))
      .sort(([id, a], [other, b]) =>
        (ran.get(other) ?? 0) - (ran.get(id) ?? 0) ||
        b.entries.length - a.entries.length
      )
      .slice(0, MAX_LANES);
    const height = 90 + lanes.length * 18;
    const picture = graphic("svg", {
      width,
      height,
      role: "img",
      "aria-label": "What tasks did in the last minute",
    });
    const line = (values, kind, label) => {
      const most = Math.max(...values.map(({ value }) => value), 1e-9);
      const points = values.map(({ at, value }) =>
        `${x(at)},${45 - 40 * value / most}`
      ).join(" ");
      picture.append(graphic("polyline", { points, class: kind }));
      return `${label} up to ${
        kind === "lag" ? seconds(most) : Math.round(most)
      }`;
    };
    const caption = [
      line(
        samples.map(({ at, rate }) => ({ at, value: rate })),
        "rate",
        "steps/s",
      ),
      line(samples.map(({ at, lag }) => ({ at, value: lag })), "lag", "lag"),
    ];
    picture.append(
      graphic("text", { x: 0, y: 20 }, caption[0]),
      graphic("text", { x: 0, y: 38 }, caption[1]),
    );
    lanes.forEach(([id, { name, entries, end }], lane) => {
      const y = 60 + lane * 18;
      picture.append(
        graphic(
          "text",
          { x: 0, y: y + 12 },
          [...name].length > 22 ? `${[...name].slice(0, 21).join("")}…` : name,
        ),
      );
      const draw = (start, stop, activity, what) => {
        const from = Math.max(labels, x(start));
        const to = x(stop);
        if (to <= labels) return;
        const bar = graphic("rect", {
          x: from,
          y,
          width: Math.max(2, to - from),
          height: 14,
          class: activity,
        });
        bar.append(graphic("title", {}, `${name}: ${what}`));
        picture.append(bar);
      };
      entries.forEach(({ at: start, activity, what }, index) =>
        draw(start, entries[index + 1]?.at ?? end ?? at, activity, what)
      );
      // A program that computes is never seen doing that: it answers later.
      for (const { task, seconds: took, at: stop } of slowest) {
        if (task !== id) continue;
        draw(stop - took * 1000, stop, "running", `ran for ${seconds(took)}`);
      }
    });
    const legend = ["waiting", "ready", "running", "outside", "new"].map((
      activity,
    ) =>
      element(
        "span",
        {},
        element("span", { class: `dot ${activity}` }),
        activity,
      )
    );
    panel.replaceChildren(
      element(
        "div",
        { class: "legend" },
        ...legend,
        "the last minute, looked at once a second",
      ),
      picture,
    );
  }

  const tabs = [...document.querySelectorAll("[role=tab]")];
  function openTab(tab) {
    for (const each of tabs) {
      const isOpen = each === tab;
      each.setAttribute("aria-selected", isOpen);
      each.tabIndex = isOpen ? 0 : -1;
      byId(each.getAttribute("aria-controls")).hidden = !isOpen;
    }
    tab.focus();
    render();
  }
  tabs.forEach((tab, index) => {
    tab.addEventListener("click", () => openTab(tab));
    tab.addEventListener("keydown", ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (step !== undefined) {
        openTab(tabs[(index + step + tabs.length) % tabs.length]);
      }
    });
  });

  tree.addEventListener("keydown", (event) => {
    const step = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: 20,
      PageUp: -20,
      Home: -Infinity,
      End: Infinity,
    }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    if (!Number.isFinite(step)) chosen = null;
    move(step === Infinity ? -1 : step === -Infinity ? 1 : step);
  });
  tree.addEventListener("scroll", () => {
    if (data !== null) renderRows();
  });
  addEventListener("resize", render);
  search.addEventListener("input", () => {
    tree.scrollTop = 0;
    render();
  });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== search) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape") {
      search.value = "";
      choose(null);
      tree.focus();
    }
  });
  byId("freeze").addEventListener("click", ({ target }) => {
    isFrozen = !isFrozen;
    target.setAttribute("aria-pressed", isFrozen);
    say(isFrozen ? "Frozen" : "Live", false);
  });
  byId("sites").addEventListener("click", async ({ target }) => {
    try {
      await post("sites", {});
      target.textContent = "Recording places …";
      setTimeout(() => target.textContent = "Record places", 60_000);
    } catch (error) {
      target.textContent = error.message;
    }
  });
  setInterval(refresh, INTERVAL);
  refresh();
}
