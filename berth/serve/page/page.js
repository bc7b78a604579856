// Shows the board that berth/serve serves: takes its state once, then the changes as they come.
(() => {
const SIGN = {
  "in sync": "✓", syncing: "↻", failing: "✗", missing: "∅", unreachable: "⚡", suspended: "‖", unknown: "?",
};
const STATES = Object.keys(SIGN);
const GOOD = new Set(["in sync", "suspended"]);
const SILENCE = 30000; // ms without a sign of life after which the stream is taken for cut
const AGAIN = 2000; // ms until what could not be had is asked for again

const state = { find: "", environment: "", cloud: "", state: "", wrong: "", at: "" };
const rows = new Map(); // by "tenant/cluster"
const clusters = new Map();
let names = [];
let notes = [];
let columns = [];
let shownNames = [];
let cells = []; // the rows of the matrix that are shown: lists of elements
let position = [0, 0];
const places = new Map(); // by "tenant/cluster", the row and column of its cell
let skew = 0; // ms that the server's clock is ahead of this one
let place = "";
let stream;
let heard = 0;
let timer;

const css = (word) => word.replace(" ", "-");
const key = (tenant, cluster) => `${tenant}/${cluster}`;
const rowOf = (tenant, cluster) => rows.get(key(tenant, cluster));
const now = () => Date.now() + skew;
const short = (commit) => (commit || "").slice(0, 8);

/** A span in its two largest units: 4s, 3m20s, 5h10m, 2d3h. */
function span(since) {
  const seconds = Math.max(Math.floor((now() - Date.parse(since)) / 1000), 0);
  const parts = [[Math.floor(seconds / 86400), "d"], [Math.floor(seconds / 3600) % 24, "h"], [Math.floor(seconds / 60) % 60, "m"], [seconds % 60, "s"]];
  const first = Math.max(parts.findIndex(([count]) => count), 0);
  const found = parts.slice(first, first + 2).filter(([count]) => count).map((part) => part.join(""));
  return found.join("") || "0s";
}

/** An age that goes on by itself. */
const age = (since) => el("span", { "data-since": since, title: new Date(since).toLocaleString() }, span(since));

function ages() {
  for (const found of document.querySelectorAll("[data-since]")) {
    const text = span(found.dataset.since);
    if (found.textContent !== text) found.textContent = text;
  }
}

// Reading -------------------------------------------------------------------------------------------------------------

async function read() {
  const answer = await fetch("/api/state");
  if (answer.status === 401) return location.reload();
  if (!answer.ok) throw new Error(`${answer.status}`);
  const found = await answer.json();
  place = found.place;
  skew = found.now * 1000 - Date.now();
  rows.clear();
  clusters.clear();
  for (const row of found.rows) rows.set(key(row.tenant, row.cluster), row);
  for (const cluster of found.clusters) clusters.set(cluster.cluster, cluster);
  notes = found.notes;
  arranged();
  draw();
  document.body.dataset.ready = "";
  return listen();
}

function listen() {
  stream?.close();
  stream = new EventSource(`/api/events?since=${encodeURIComponent(place)}`);
  const hear = (event) => {
    heard = Date.now();
    if (event.data) {
      const told = JSON.parse(event.data);
      if (told.now) skew = told.now * 1000 - Date.now();
      return told;
    }
    return {};
  };
  stream.addEventListener("open", () => { heard = Date.now(); live(); });
  stream.addEventListener("alive", (event) => { hear(event); live(); });
  stream.addEventListener("change", (event) => { take(hear(event)); live(); });
  stream.addEventListener("reset", () => { heard = Date.now(); again(0); });
  stream.addEventListener("error", () => {
    heard = 0;
    live();
    // What was refused is not tried again by the browser itself.
    if (stream.readyState === EventSource.CLOSED) again(AGAIN);
  });
  heard = Date.now();
  live();
}

function again(after) {
  stream?.close();
  clearTimeout(timer);
  timer = setTimeout(() => read().catch(() => { heard = 0; live(); again(AGAIN); }), after);
}

/** Says whether what is shown is what is. */
function live() {
  const cut = Date.now() - heard > SILENCE;
  document.body.classList.toggle("cut", cut);
  const text = cut ? "Connection lost: this is what was known last. Trying again." : "Live";
  if (byId("live").textContent !== text) byId("live").textContent = text;
}

function take(told) {
  const known = rows.size;
  for (const [tenant, cluster] of told.gone) rows.delete(key(tenant, cluster));
  for (const row of told.rows) rows.set(key(row.tenant, row.cluster), row);
  const others = told.clusters.some((cluster) => !clusters.has(cluster.cluster));
  for (const cluster of told.clusters) clusters.set(cluster.cluster, cluster);
  if (told.notes) notes = told.notes;
  columns = columns.map((cluster) => clusters.get(cluster.cluster));
  const moved = others || told.gone.length || rows.size !== known;
  if (moved) arranged();
  if (moved || state.state || state.wrong) matrix();
  else {
    for (const row of told.rows) refresh(row);
    for (const cluster of told.clusters) head(cluster);
  }
  header();
  const open = state.at.split("/");
  const concerned = open[0] === "tenant" ? told.rows.some((row) => row.tenant === open[1] && row.cluster === open[2]) : told.clusters.length || told.rows.length;
  if (state.at && concerned) details(false);
  mark();
}

function arranged() {
  columns = [...clusters.values()].sort((one, other) => order(one).localeCompare(order(other)));
  names = [...new Set([...rows.values()].map((row) => row.tenant))].sort();
  const options = (id, values) => {
    const wanted = ["", ...[...new Set(values)].sort()];
    byId(id).replaceChildren(...wanted.map((value) => el("option", { value }, value || "all")));
    byId(id).value = wanted.includes(state[id]) ? state[id] : "";
  };
  options("environment", columns.map((cluster) => cluster.environment));
  options("cloud", columns.map((cluster) => cluster.cloud));
}

const order = (cluster) => `${cluster.environment}\n${cluster.cloud}\n${cluster.cluster}`;
const isAway = (cluster) => cluster.state === "unreachable";
const inView = (cluster) =>
  (!state.environment || cluster.environment === state.environment) && (!state.cloud || cluster.cloud === state.cloud);

// Top -----------------------------------------------------------------------------------------------------------------

function header() {
  const counts = new Map(STATES.map((name) => [name, 0]));
  for (const row of rows.values()) if (clusters.has(row.cluster) && inView(clusters.get(row.cluster))) counts.set(row.state, (counts.get(row.state) ?? 0) + 1);
  const wrong = ["failing", "missing"].map((name) => [name, counts.get(name)]).filter(([, count]) => count);
  const away = columns.filter((cluster) => inView(cluster) && isAway(cluster)).length;
  const parts = wrong.map(([name, count]) => `${count.toLocaleString("en")} ${name}`);
  if (away) parts.push(`${plural(away, "cluster")} away`);
  const busy = counts.get("syncing") + counts.get("unknown");
  const text = parts.length ? parts.join(", ") : busy ? `${busy.toLocaleString("en")} not in sync yet` : rows.size ? "All in sync" : "No tenant is placed";
  if (byId("headline").textContent !== text) byId("headline").textContent = text;
  document.title = `${text} · Fleet`;
  const chips = [...counts].filter(([, count]) => count).map(([name, count]) => el("button", {
    type: "button", class: css(name), "aria-pressed": String(state.state === name), "data-state": name,
    onclick: () => set({ state: state.state === name ? "" : name }),
  }, `${SIGN[name]} ${count.toLocaleString("en")} ${name}`));
  const focused = document.activeElement?.dataset?.state;
  byId("facts").replaceChildren(...chips);
  if (focused) byId("facts").querySelector(`[data-state="${CSS.escape(focused)}"]`)?.focus();
  byId("notes").replaceChildren(...notes.map((note) => el("li", {}, note)));
}

// The matrix ----------------------------------------------------------------------------------------------------------

function matching(list) {
  const text = state.find.toLowerCase();
  return names.filter((name) => {
    const found = list.map((cluster) => rowOf(name, cluster.cluster)).filter(Boolean);
    if (!found.length) return false;
    if (text && !name.includes(text) && !(found[0].team || "").toLowerCase().includes(text)) return false;
    if (state.state) return found.some((row) => row.state === state.state);
    return !state.wrong || found.some((row) => !GOOD.has(row.state));
  });
}

function matrix() {
  const focused = document.activeElement?.dataset?.place;
  const list = columns.filter(inView);
  shownNames = matching(list);
  byId("count").textContent = shownNames.length
    ? `${plural(shownNames.length, "tenant")} in ${plural(list.length, "cluster")}`
    : "No tenant matches.";
  const groups = [];
  for (const cluster of list) {
    const title = `${cluster.environment} · ${cluster.cloud}`;
    if (groups.at(-1)?.title === title) groups.at(-1).count += 1;
    else groups.push({ title, count: 1 });
  }
  const top = el("tr", {}, el("td", {}), ...groups.map((group) => el("th", { scope: "colgroup", colspan: group.count, class: "group" }, group.title)));
  const heads = el("tr", {}, el("th", { scope: "col" }, "tenant"), ...list.map((cluster) => el("th", { scope: "col" }, headButton(cluster))));
  cells = [];
  places.clear();
  const body = shownNames.map((name) => {
    const made = list.map((cluster, column) => {
      places.set(key(name, cluster.cluster), [cells.length, column]);
      return cell(rowOf(name, cluster.cluster));
    });
    cells.push(made.map((data) => data.firstChild));
    const team = list.map((cluster) => rowOf(name, cluster.cluster)).find(Boolean)?.team;
    return el("tr", {}, el("th", { scope: "row" }, name, team ? el("small", {}, team) : null), ...made);
  });
  byId("matrix").replaceChildren(el("table", {}, el("thead", {}, top, heads), el("tbody", {}, ...body)));
  position = [0, 0];
  if (cells.length && cells[0].length) cells[0][0].tabIndex = 0;
  if (focused) byId("matrix").querySelector(`[data-place="${CSS.escape(focused)}"]`)?.focus();
}

const agentOf = (cluster) => [cluster.engine, cluster.agent_version].filter(Boolean).join(" ");
const nodesOf = (cluster) => cluster.nodes_total === null ? "" : `${cluster.nodes_ready} of ${plural(cluster.nodes_total, "node")} ready`;

function headButton(cluster) {
  const more = isAway(cluster)
    ? [el("small", {}, cluster.since ? "away for " : "away", cluster.since ? age(cluster.since) : null)]
    : [el("small", {}, [cluster.version, agentOf(cluster)].filter(Boolean).join(" · ")), el("small", {}, nodesOf(cluster))];
  const wrong = isAway(cluster) || cluster.state === "not in order";
  return el("button", { ...link(`cluster/${cluster.cluster}`), class: wrong ? "away" : "", title: cluster.message || undefined },
    wrong ? "⚠ " : null, cluster.cluster, ...more);
}

function head(cluster) {
  byId("matrix").querySelector(`thead [data-place="${CSS.escape(`cluster/${cluster.cluster}`)}"]`)?.replaceWith(headButton(cluster));
}

function cell(row) {
  if (!row) return el("td", {}, el("span", { title: "not placed here" }));
  return el("td", {}, cellButton(row));
}

function cellButton(row) {
  const where = `tenant/${row.tenant}/${row.cluster}`;
  const said = `${row.tenant} in ${row.cluster}: ${row.state}${row.message ? `, ${row.message}` : ""}`;
  const lag = row.behind ? `${row.behind} behind` : row.workloads && row.workloads.ready < row.workloads.total ? `${row.workloads.ready}/${row.workloads.total} ready` : "";
  return el("button", { ...link(where), tabindex: -1, class: css(row.state), "aria-label": said, title: row.message || undefined },
    `${SIGN[row.state]} ${row.state}`, el("small", { class: lag ? "short" : "" }, lag || short(row.applied)));
}

/** Puts one row's new cell in the place of the old one. */
function refresh(row) {
  const found = places.get(key(row.tenant, row.cluster));
  if (!found) return;
  const [line, column] = found;
  const old = cells[line][column];
  const made = cellButton(row);
  if (made.className !== old.className.replace(/ ?(fresh|marked)/g, "")) made.classList.add("fresh");
  made.tabIndex = old.tabIndex;
  const focused = document.activeElement === old;
  old.replaceWith(made);
  cells[line][column] = made;
  if (focused) made.focus();
}

function move(down, right) {
  if (!cells.length) return;
  let [row, column] = position;
  cells[row][column].tabIndex = -1;
  // Over places where the tenant is not.
  do {
    row += down;
    column += right;
  } while (cells[row]?.[column] && !cells[row][column].dataset.place);
  if (cells[row]?.[column]) position = [row, column];
  const found = cells[position[0]][position[1]];
  found.tabIndex = 0;
  found.focus();
}

// Details -------------------------------------------------------------------------------------------------------------

/** What makes an element open a place. */
function link(where) {
  return { type: "button", "data-place": where, onclick: () => go(where) };
}

function details(anew) {
  const panel = byId("details");
  const [kind, first, second] = state.at.split("/");
  const made = kind === "tenant" ? ofTenant(first, second) : kind === "cluster" ? ofCluster(first) : null;
  panel.hidden = !made;
  document.body.classList.toggle("open", Boolean(made));
  if (!made) return panel.replaceChildren();
  const close = el("button", { type: "button", class: "close", "aria-label": "close", onclick: () => go("") }, "×");
  const more = anew ? el("div", { id: "more" }, kind === "tenant" ? el("p", {}, "Reading…") : null) : byId("more") ?? el("div", { id: "more" });
  const focused = panel.contains(document.activeElement);
  panel.replaceChildren(close, ...made, more);
  if (focused) panel.focus({ preventScroll: true });
  if (anew) panel.scrollTop = 0;
  return kind === "tenant" ? ask(first, second) : null;
}

/** Objects, events and history of what is open, asked for when it is opened and when it changes. */
async function ask(tenant, cluster) {
  const at = state.at;
  let made;
  try {
    const answer = await fetch(`/api/tenants/${encodeURIComponent(tenant)}/clusters/${encodeURIComponent(cluster)}`);
    const found = await answer.json();
    made = found.error ? [el("p", { class: "said" }, found.error)] : drilled(found);
  } catch {
    made = [el("p", { class: "said" }, "This cannot be had now: the connection is lost.")];
  }
  if (state.at === at) byId("more")?.replaceChildren(...made);
}

const pairs = (list) => el("dl", { class: "pairs" }, ...list.filter(([, value]) => value !== null && value !== "").flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
const title = (word, text) => el("h2", {}, el("span", { class: css(word) }, `${SIGN[word]} `), text);

function ofTenant(tenant, cluster) {
  const row = rowOf(tenant, cluster);
  if (!row) return null;
  const same = row.expected && row.applied === row.expected;
  return [
    title(row.state, `${tenant} in ${cluster}`),
    row.message ? el("p", { class: `said ${css(row.state)}` }, row.message) : null,
    pairs([
      ["state", el("span", {}, row.state, row.since ? el("span", {}, " for ", age(row.since)) : null)],
      ["expected", row.expected ? el("code", {}, short(row.expected)) : "unknown"],
      ["applied", row.applied ? el("span", {}, el("code", {}, short(row.applied)), same ? " the same" : null) : "nothing yet"],
      ["behind", row.behind ? el("span", {}, plural(row.behind, "commit"), row.behind_since ? el("span", {}, ", for ", age(row.behind_since)) : null) : null],
      ["last change", row.changed ? el("span", {}, age(row.changed), " ago") : null],
      ["workloads", row.workloads ? workloads(row.workloads) : "unknown"],
      ["fullest quota", row.quota.length ? quota(row.quota[0]) : null],
      ["not read", row.unread.join("; ")],
      ["team", row.team],
      ["elsewhere", elsewhere(row)],
    ]),
  ].filter(Boolean);
}

function workloads(found) {
  const waiting = found.waiting.length ? `; not ready: ${found.waiting.slice(0, 5).join(", ")}${found.waiting.length > 5 ? " and more" : ""}` : "";
  return `${found.ready} of ${found.total} ready${waiting}`;
}

const quota = (use) => `${use.resource} in ${use.namespace}: ${use.used} of ${use.hard} (${Math.round(use.share * 100)} %)`;

function elsewhere(row) {
  const others = columns.filter((cluster) => cluster.cluster !== row.cluster).map((cluster) => rowOf(row.tenant, cluster.cluster)).filter(Boolean);
  if (!others.length) return null;
  return el("span", {}, ...others.map((other) => el("button", { ...link(`tenant/${other.tenant}/${other.cluster}`), class: css(other.state) }, `${SIGN[other.state]} ${other.cluster}`)));
}

function ofCluster(name) {
  const cluster = clusters.get(name);
  if (!cluster) return null;
  const found = [...rows.values()].filter((row) => row.cluster === name);
  const wrong = found.filter((row) => !GOOD.has(row.state)).sort((one, other) => one.tenant.localeCompare(other.tenant));
  return [
    title({ ok: "in sync", "not in order": "failing", unreachable: "unreachable" }[cluster.state] ?? "unknown", name),
    cluster.message ? el("p", { class: isAway(cluster) || cluster.state === "not in order" ? "said unreachable" : "said" }, cluster.message) : null,
    pairs([
      ["state", el("span", {}, cluster.state, cluster.since && isAway(cluster) ? el("span", {}, " for ", age(cluster.since)) : null)],
      ["environment", cluster.environment],
      ["cloud", cluster.cloud],
      ["stack", cluster.stack],
      ["version", cluster.version],
      ["agent", `${agentOf(cluster)}${cluster.agent_ready === false ? ", not ready" : ""}`],
      ["locked down", { true: "yes", false: "no" }[cluster.lockdown] ?? "unknown"],
      ["nodes", nodesOf(cluster)],
      ["root sync", cluster.root],
      ["not read", cluster.unread.join("; ")],
      ["watched since", cluster.since && !isAway(cluster) ? el("span", {}, age(cluster.since), " ago") : null],
    ]),
    cluster.lacks.length ? el("h3", {}, "What the agent lacks") : null,
    cluster.lacks.length ? el("ul", {}, ...cluster.lacks.map((lack) => el("li", {}, lack))) : null,
    el("h3", {}, wrong.length ? `Not in sync: ${wrong.length} of ${plural(found.length, "tenant")}` : `${plural(found.length, "tenant")}, all in sync`),
    ...wrong.slice(0, 200).map((row) => el("p", {}, el("button", { ...link(`tenant/${row.tenant}/${name}`), class: css(row.state) }, `${SIGN[row.state]} ${row.tenant}`), " ", el("small", {}, row.message || row.state))),
  ].filter(Boolean);
}

function drilled(found) {
  const made = [];
  for (const note of found.notes) made.push(el("p", { class: "said" }, note));
  made.push(...list(plural(found.events.length, "recent event"), ["", "object", "what happened"], found.events.map((event) => el("tr", { class: event.type === "Normal" ? "" : "warning" },
    el("td", { class: "time" }, event.last ? age(event.last) : ""), el("td", {}, event.object),
    el("td", {}, `${event.reason}: ${event.message}`, event.count > 1 ? el("small", {}, ` ×${event.count}`) : null)))));
  made.push(...list(plural(found.objects.length, "object"), ["kind", "name", ""], found.objects.map((object) => el("tr", {},
    el("td", {}, object.kind), el("td", {}, object.namespace ? `${object.namespace}/${object.name}` : object.name), el("td", {}, object.state)))));
  made.push(...list("History", ["commit", "", "since"], found.history.map((entry) => el("tr", {},
    el("td", {}, el("code", {}, short(entry.revision))), el("td", {}, entry.result), el("td", { class: "time" }, entry.since ? age(entry.since) : "")))));
  return made;
}

function list(text, heads, made) {
  if (!made.length) return [el("h3", {}, `${text}${text === "History" ? ": none" : ""}`)];
  return [
    el("h3", {}, text),
    el("div", { class: "wide", tabindex: 0, role: "region", "aria-label": text }, el("table", { class: "list" },
      el("thead", {}, el("tr", {}, ...heads.map((name) => name ? el("th", { scope: "col" }, name) : el("td", {})))), el("tbody", {}, ...made))),
  ];
}

// State, in the address ---------------------------------------------------------------------------------------------

function save() {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(state)) if (value) said.set(name, value);
  const text = `#${said}`;
  if (text !== (location.hash || "#")) history.pushState(null, "", text === "#" ? location.pathname : text);
}

function load() {
  const said = new URLSearchParams(location.hash.slice(1));
  for (const name of Object.keys(state)) state[name] = said.get(name) ?? "";
  draw();
}

function draw() {
  for (const name of ["find", "environment", "cloud", "state"]) if (byId(name) !== document.activeElement || name !== "find") byId(name).value = state[name];
  header();
  matrix();
  details(true);
  mark();
}

function go(where) {
  const from = document.activeElement;
  const before = state.at;
  state.at = where;
  save();
  details(true);
  mark();
  if (where) byId("details").focus();
  else if (before && (!from || from === document.body || from.closest("#details"))) returned(before);
}

/** Back to what opened the details. */
function returned(before) {
  const found = byId("matrix").querySelector(`[data-place="${CSS.escape(before)}"]`) ?? cells[position[0]]?.[position[1]];
  found?.focus();
}

function mark() {
  for (const found of document.querySelectorAll(".marked")) found.classList.remove("marked");
  if (state.at) document.querySelector(`#matrix [data-place="${CSS.escape(state.at)}"]`)?.classList.add("marked");
}

function set(changed) {
  Object.assign(state, changed);
  save();
  for (const name of ["environment", "cloud", "state"]) byId(name).value = state[name];
  header();
  matrix();
  mark();
}

/** The next one that is not in sync after what is open, in the order of the page. */
function step(by) {
  const found = [...byId("matrix").querySelectorAll("td button:not(.in-sync, .suspended)")];
  if (!found.length) return;
  const at = found.findIndex((item) => item.dataset.place === state.at);
  const next = found[(at + by + found.length + (at < 0 && by < 0 ? 1 : 0)) % found.length];
  next.scrollIntoView({ block: "nearest", inline: "nearest" });
  go(next.dataset.place);
}

// Events --------------------------------------------------------------------------------------------------------------

function help(open) {
  byId("help").hidden = !open;
  byId("help-button").setAttribute("aria-expanded", String(open));
}

const KEYS = {
  "/": () => byId("find").focus(),
  w: () => set({ wrong: state.wrong ? "" : "1" }),
  n: () => step(1),
  p: () => step(-1),
  "?": () => help(byId("help").hidden),
  Escape: () => { help(false); go(""); },
};
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches("input[type=search], select");
  if (typing && event.key === "Escape") event.target.blur();
  if (typing) return;
  if (KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  } else if (ARROWS[event.key] && !event.target.closest("#details")) {
    event.preventDefault();
    move(...ARROWS[event.key]);
  }
}

function begin() {
  byId("state").append(...STATES.map((value) => el("option", { value }, value)));
  document.addEventListener("keydown", pressed);
  window.addEventListener("popstate", load);
  byId("help-button").addEventListener("click", () => help(byId("help").hidden));
  byId("find").addEventListener("input", (event) => set({ find: event.target.value.trim() }));
  for (const id of ["environment", "cloud", "state"]) {
    byId(id).addEventListener("change", (event) => set({ [id]: event.target.value }));
  }
  byId("matrix").addEventListener("focusin", (event) => {
    const [, tenant, cluster] = (event.target.dataset.place ?? "").split("/");
    position = places.get(key(tenant, cluster)) ?? position;
  });
  const said = new URLSearchParams(location.hash.slice(1));
  for (const name of Object.keys(state)) state[name] = said.get(name) ?? "";
  setInterval(() => { ages(); if (stream) live(); }, 1000);
  again(0);
}

begin();
})();
