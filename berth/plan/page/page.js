// Shows the plan that berth/plan/page/data.py wrote: lists stand for records there, in the order of their docstrings.
(() => {
const SIGN = {
  none: "·", add: "+", change: "~", replace: "±", "may-replace": "±?", rename: "=", move: "→", remove: "−",
};
const WORD = {
  none: "unchanged", add: "added", change: "changed", replace: "replaced", "may-replace": "may be replaced",
  rename: "renamed", move: "moved", remove: "removed",
};
const ALARMS = 5; // shown at once
const CONTEXT = 3; // unchanged lines kept on each side of a change

const state = { view: "tenants", find: "", environment: "", cloud: "", action: "", all: false, at: "" };
let plan;
let clusters = [];
let names = [];
let cells = []; // the rows of the matrix that are shown: lists of elements
let position = [0, 0];

// Elements ------------------------------------------------------------------------------------------------------------

const sign = (action) => el("span", { class: `sign ${action}`, title: WORD[action] }, SIGN[action]);

// Reading -------------------------------------------------------------------------------------------------------------

async function read() {
  const packed = Uint8Array.from(atob(byId("data").textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  plan = JSON.parse(await new Response(stream).text());
  clusters = plan.stacks.flatMap((stack) => stack.clusters);
  names = [...new Set(clusters.flatMap((cluster) => Object.keys(cluster.tenants)))].sort();
}

const tenantIn = (cluster, name) => cluster.tenants[name];
const changedResources = (list) => list.filter((item) => item.action !== "none");
const shown = (cluster) =>
  (!state.environment || cluster.environment === state.environment) && (!state.cloud || cluster.cloud === state.cloud);

// Top -----------------------------------------------------------------------------------------------------------------

function header() {
  byId("headline").textContent = plan.headline;
  document.title = plan.headline;
  byId("base").textContent = plan.base
    ? `The working tree against ${plan.base.ref} (${plan.base.commit}).`
    : "The whole plan: nothing to compare it with.";
  byId("facts").replaceChildren(...plan.facts.map((fact) => el("li", {}, fact)));
  byId("guards").replaceChildren(...plan.guards.map(([passed, line]) => el("li", { class: passed ? "passed" : "" }, line)));
  byId("alarms").replaceChildren(...alarms());
  byId("notes").replaceChildren(...plan.notes.map((note) => el("li", {}, note)));
  const options = (id, values) =>
    byId(id).append(...[...new Set(values)].sort().map((value) => el("option", { value }, WORD[value] ?? value)));
  options("environment", clusters.map((cluster) => cluster.environment));
  options("cloud", clusters.map((cluster) => cluster.cloud));
  options("action", Object.keys(WORD).filter((action) => action !== "none"));
}

/** The worst first, the rest behind a button. */
function alarms() {
  const made = plan.alarms.map((alarm) => el("li", {}, alarm));
  if (made.length <= ALARMS + 1) return made;
  const rest = made.slice(ALARMS);
  const more = el("li", {}, el("button", { type: "button", onclick: () => more.replaceWith(...rest) }, `and ${rest.length} more`));
  return [...made.slice(0, ALARMS), more];
}

// The matrix ----------------------------------------------------------------------------------------------------------

function matrix() {
  const columns = clusters.filter(shown);
  const rows = names.filter((name) => {
    if (state.find && !name.includes(state.find.toLowerCase())) return false;
    const found = columns.map((cluster) => tenantIn(cluster, name)).filter((tenant) => tenant !== undefined);
    if (state.action) return found.some((tenant) => tenant && tenant.action === state.action);
    return state.all ? found.length > 0 : found.some((tenant) => tenant);
  });
  byId("count").textContent = rows.length
    ? `${plural(rows.length, "tenant")} in ${plural(columns.length, "cluster")}`
    : "No tenant matches. Unchanged ones are shown with “unchanged too”.";
  cells = [];
  const head = el("tr", {}, el("th", { scope: "col" }, "tenant"), ...columns.map(columnHead));
  const body = rows.map((name) => {
    const made = columns.map((cluster) => cell(cluster, name));
    cells.push(made.map((data) => data.firstChild));
    return el("tr", {}, el("th", { scope: "row" }, name), ...made);
  });
  const table = el("table", { role: "grid" }, el("thead", {}, head), el("tbody", {}, ...body));
  byId("matrix").replaceChildren(table);
  position = [0, 0];
  if (cells.length && cells[0].length) cells[0][0].tabIndex = 0;
}

function columnHead(cluster) {
  const label = [el("small", {}, `${cluster.cloud} · ${cluster.environment}`), cluster.name];
  return el("th", { scope: "col" }, el("button", link(`cluster/${cluster.name}`), ...label));
}

function cell(cluster, name) {
  const tenant = tenantIn(cluster, name);
  const place = `tenant/${name}/${cluster.name}`;
  if (tenant === undefined) return el("td", {}, el("span", { tabindex: -1, title: "not placed here" }));
  const action = tenant ? tenant.action : "none";
  const counts = tenant ? summary([...tenant.objects, ...tenant.workloads]) : "";
  const label = `${name} in ${cluster.name}: ${WORD[action]}${counts ? `, ${counts}` : ""}`;
  const attributes = { ...link(place), tabindex: -1, "aria-label": label, class: action };
  if (tenant && (tenant.lost.length || tenant.kept.length)) attributes.class += " lost";
  return el("td", {}, el("button", attributes, SIGN[action], counts ? el("small", {}, counts) : null));
}

function summary(objects) {
  const counts = new Map();
  for (const [action] of objects) counts.set(action, (counts.get(action) ?? 0) + 1);
  return [...counts].map(([action, count]) => `${SIGN[action]}${count}`).join(" ");
}

function move(down, right) {
  if (!cells.length) return;
  const [row, column] = position;
  cells[row][column].tabIndex = -1;
  position = [
    Math.min(Math.max(row + down, 0), cells.length - 1),
    Math.min(Math.max(column + right, 0), cells[0].length - 1),
  ];
  const found = cells[position[0]][position[1]];
  found.tabIndex = 0;
  found.focus();
}

// The resources -------------------------------------------------------------------------------------------------------

function resources() {
  const groups = [
    ...plan.stacks.map((stack) => ({ title: stack.name, note: "in no cluster", place: `stack/${stack.name}`, ...stack })),
    ...clusters.filter(shown).map((cluster) => ({
      title: cluster.name, note: `${cluster.cloud} · ${cluster.environment}`, place: `cluster/${cluster.name}`, ...cluster,
    })),
  ];
  const made = groups.filter((group) => group.resources.length).map((group) => {
    const kept = visible(group.resources);
    if (!kept.size) return null;
    const changed = changedResources(group.resources).length;
    const count = changed ? `${changed} of ${plural(group.resources.length, "resource")}` : plural(group.resources.length, "resource");
    return el(
      "details", { open: changed > 0 && changed < 200 },
      el("summary", {}, el("strong", {}, group.title), ` ${group.note} — ${count}`),
      branch(group, kept, -1),
    );
  });
  const found = made.filter(Boolean);
  byId("resources").replaceChildren(
    ...(found.length ? found : [el("p", {}, "No cloud resource changes, or none that matches.")]),
  );
}

/** The numbers of the resources that match, with all above them. */
function visible(list) {
  const kept = new Set();
  list.forEach((item, number) => {
    const wanted = state.action ? item.action === state.action : state.all || item.action !== "none";
    const text = `${item.name} ${item.type}`.toLowerCase();
    if (!wanted || !text.includes(state.find.toLowerCase())) return;
    for (let at = number; at >= 0 && !kept.has(at); at = list[at].parent) kept.add(at);
  });
  return kept;
}

function branch(group, kept, parent) {
  const below = group.resources.map((item, number) => [item, number]).filter(([item, number]) => kept.has(number) && item.parent === parent);
  if (!below.length) return null;
  return el("ul", {}, ...below.map(([item, number]) => el("li", {},
    el("button", { ...link(`${group.place}/${number}`), class: item.action },
      sign(item.action), " ", el("b", {}, item.name), " ", el("small", {}, item.type),
      item.protected ? el("em", {}, " protected") : null),
    branch(group, kept, number))));
}

// Details -------------------------------------------------------------------------------------------------------------

/** What makes an element open a place. */
function link(place) {
  return { type: "button", "data-place": place, onclick: () => go(place) };
}

function details() {
  const panel = byId("details");
  const made = state.at ? content(state.at.split("/")) : null;
  panel.hidden = !made;
  document.body.classList.toggle("open", Boolean(made));
  if (!made) return;
  panel.replaceChildren(el("button", { type: "button", class: "close", "aria-label": "close", onclick: () => go("") }, "×"), ...made);
  panel.scrollTop = 0;
}

function content([kind, first, second]) {
  if (kind === "tenant") {
    const cluster = clusters.find((item) => item.name === second);
    const tenant = cluster && tenantIn(cluster, first);
    if (tenant === undefined) return null;
    return tenant ? ofTenant(first, cluster, tenant) : [el("h2", {}, `${first} in ${second}`), el("p", {}, "Unchanged.")];
  }
  const group = kind === "cluster" ? clusters.find((item) => item.name === first) : plan.stacks.find((item) => item.name === first);
  if (!group) return null;
  if (second === undefined) return ofCluster(group);
  return group.resources[second] ? ofResource(group, group.resources[second]) : null;
}

function ofTenant(name, cluster, tenant) {
  const others = tenant.otherClusters.join(", ");
  return [
    el("h2", {}, sign(tenant.action), ` ${name} in ${cluster.name}`),
    el("p", {}, `${WORD[tenant.action]}${others ? `, with ${others}` : ""}`),
    tenant.lost.length
      ? el("p", { class: "shout" }, `Deleted with all that is in them, volume claims included: ${tenant.lost.join(", ")}`)
      : null,
    tenant.kept.length
      ? el("p", { class: "shout" }, `Deleted, Secrets included, unless a volume claim is in them: ${tenant.kept.join(", ")}`)
      : null,
    ...objects("Berth’s objects", tenant.objects),
    ...objects("Workloads, from the deploy repo", tenant.workloads),
  ].filter(Boolean);
}

function ofCluster(cluster) {
  const changed = changedResources(cluster.resources);
  return [
    el("h2", {}, sign(cluster.action), ` ${cluster.name}`),
    cluster.cloud ? el("p", {}, `${cluster.cloud}, ${cluster.region}, ${cluster.environment}`) : null,
    ...objects("Guard-rails of the cluster", cluster.guardRails ?? []),
    changed.length ? el("h3", {}, "Cloud resources") : null,
    ...changed.map((item) => el("p", {}, el("button", { ...link(`cluster/${cluster.name}/${cluster.resources.indexOf(item)}`), class: item.action }, sign(item.action), ` ${item.name} `, el("small", {}, item.type)))),
  ].filter(Boolean);
}

function ofResource(group, item) {
  const rows = item.changes.map(([path, before, after, does, why]) => el("tr", { class: does },
    el("th", { scope: "row" }, path), el("td", { class: "before" }, before), el("td", { class: "after" }, after),
    el("td", {}, does === "change" ? "" : `${WORD[does]}${why ? `: ${why}` : ""}`)));
  return [
    el("h2", {}, sign(item.action), ` ${item.name}`),
    el("p", {}, `${WORD[item.action]}: ${item.type} in ${group.name}`),
    item.formerly && item.formerly !== item.name ? el("p", {}, `Formerly ${item.formerly}.`) : null,
    item.protected ? el("p", { class: "shout" }, "Protected: the engine refuses to delete it.") : null,
    item.consequence ? el("p", { class: "shout" }, `With it goes ${item.consequence}.`) : null,
    item.order ? el("p", {}, item.order) : null,
    rows.length
      ? el("div", { class: "wide" }, el("table", { class: "values" },
        el("thead", {}, el("tr", {}, ...["property", "before", "after", "then"].map((text) => el("th", { scope: "col" }, text)))),
        el("tbody", {}, ...rows)))
      : null,
  ].filter(Boolean);
}

function objects(title, list) {
  if (!list.length) return [];
  return [el("h3", {}, title), ...list.map((object) => one(object, list.length <= 6))];
}

/** One object; its diff is made when it is opened. */
function one(object, open) {
  const [action, kind, namespace, name] = object;
  const box = el("details", {}, el("summary", { class: action }, sign(action), ` ${kind} `, el("b", {}, namespace ? `${namespace}/${name}` : name)));
  const fill = () => { if (box.open && box.children.length === 1) box.append(diff(object)); };
  box.addEventListener("toggle", fill);
  box.open = open;
  return box;
}

function diff([, , , , before, after, runs]) {
  const left = before < 0 ? [] : plan.texts[before].trimEnd().split("\n");
  const right = after < 0 ? [] : plan.texts[after].trimEnd().split("\n");
  const listed = runs < 0 ? [[left.length ? "delete" : "insert", 0, left.length, 0, right.length]] : plan.diffs[runs];
  const one = before < 0 || after < 0;
  const rows = listed.flatMap(([tag, i1, i2, j1, j2], index) => {
    const count = Math.max(i2 - i1, j2 - j1);
    const made = [];
    for (let step = 0; step < count; step += 1) {
      made.push(line(tag, left, i1 + step, i2, right, j1 + step, j2, one));
    }
    if (tag !== "equal") return made;
    return folded(made, index > 0 ? CONTEXT : 0, index < listed.length - 1 ? CONTEXT : 0);
  });
  const sides = Array.from({ length: one ? 1 : 2 }, () => [el("col", { class: "numbers" }), el("col")]).flat();
  const table = el("table", { class: one ? "diff one" : "diff" }, el("colgroup", {}, ...sides), el("tbody", {}, ...rows));
  return el("div", { class: "wide" }, table);
}

function line(tag, left, i, leftEnd, right, j, rightEnd, one) {
  const side = (lines, at, end, style) => at < end
    ? [el("td", { class: "number" }, String(at + 1)), el("td", { class: tag === "equal" ? "" : style }, lines[at])]
    : [el("td", { class: "number" }), el("td", { class: "nothing" })];
  const before = side(left, i, leftEnd, "before");
  const after = side(right, j, rightEnd, "after");
  if (one) return el("tr", {}, ...(left.length ? before : after));
  return el("tr", {}, ...before, ...after);
}

/** Rows that did not change, with those far from a change behind a button. */
function folded(rows, first, last) {
  const hidden = rows.slice(first, rows.length - last);
  if (hidden.length < 2) return rows;
  const button = el("button", { type: "button", onclick: () => row.replaceWith(...hidden) }, `⋯ ${hidden.length} unchanged lines`);
  const row = el("tr", { class: "folded" }, el("td", { colspan: 4 }, button));
  return [...rows.slice(0, first), row, ...rows.slice(rows.length - last)];
}

// State, in the address ---------------------------------------------------------------------------------------------

function save() {
  const said = new URLSearchParams();
  for (const [key, value] of Object.entries(state)) {
    if (value && !(key === "view" && value === "tenants")) said.set(key, value === true ? "1" : value);
  }
  const text = `#${said}`;
  if (text !== (location.hash || "#")) history.pushState(null, "", text === "#" ? location.pathname : text);
}

function load() {
  const said = new URLSearchParams(location.hash.slice(1));
  for (const key of Object.keys(state)) state[key] = said.get(key) ?? "";
  state.view = state.view === "resources" ? "resources" : "tenants";
  state.all = state.all === "1";
  for (const key of ["find", "environment", "cloud", "action"]) byId(key).value = state[key];
  byId("all").checked = state.all;
  draw();
}

function draw() {
  for (const view of ["tenants", "resources"]) byId(view).hidden = state.view !== view;
  for (const button of document.querySelectorAll("[data-view]")) {
    button.setAttribute("aria-pressed", String(button.dataset.view === state.view));
  }
  if (state.view === "tenants") matrix();
  else resources();
  details();
}

function go(place) {
  const from = document.activeElement;
  state.at = place;
  save();
  details();
  mark();
  if (place) byId("details").focus();
  else if (from && from.closest("#details")) returned();
}

/** Back to what opened the details. */
function returned() {
  const found = document.querySelector(".marked") ?? (cells[0] ? cells[position[0]][position[1]] : null);
  found?.focus();
}

function mark() {
  for (const found of document.querySelectorAll(".marked")) if (state.at) found.classList.remove("marked");
  if (state.at) document.querySelector(`main [data-place="${CSS.escape(state.at)}"]`)?.classList.add("marked");
}

function set(changed) {
  Object.assign(state, changed);
  save();
  draw();
  mark();
}

/** The next thing that changes after what is open, in the order of the page. */
function step(by) {
  const marked = state.view === "tenants" ? "#matrix td button:not(.none)" : "#resources li button:not(.none)";
  const found = [...document.querySelectorAll(marked)];
  if (!found.length) return;
  const at = found.findIndex((item) => item.dataset.place === state.at);
  const next = found[(at + by + found.length + (at < 0 && by < 0 ? 1 : 0)) % found.length];
  for (let above = next.closest("details"); above; above = above.parentElement.closest("details")) above.open = true;
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
  t: () => set({ view: "tenants", at: "" }),
  r: () => set({ view: "resources", at: "" }),
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
  } else if (ARROWS[event.key] && state.view === "tenants" && !event.target.closest("#details")) {
    event.preventDefault();
    move(...ARROWS[event.key]);
  }
}

function listen() {
  document.addEventListener("keydown", pressed);
  window.addEventListener("popstate", load);
  byId("help-button").addEventListener("click", () => help(byId("help").hidden));
  byId("find").addEventListener("input", (event) => set({ find: event.target.value.trim() }));
  byId("all").addEventListener("change", (event) => set({ all: event.target.checked }));
  for (const id of ["environment", "cloud", "action"]) {
    byId(id).addEventListener("change", (event) => set({ [id]: event.target.value }));
  }
  for (const button of document.querySelectorAll("[data-view]")) {
    button.addEventListener("click", () => set({ view: button.dataset.view, at: "" }));
  }
  byId("matrix").addEventListener("focusin", (event) => {
    const row = cells.findIndex((list) => list.includes(event.target));
    if (row >= 0) position = [row, cells[row].indexOf(event.target)];
  });
}

read().then(() => {
  header();
  listen();
  load();
  document.body.dataset.ready = "";
});
})();
