// What the reader chooses, the table of values, and the address, which holds the selection.

function chips(place, items, isOn, flip) {
  const had = place.contains(document.activeElement) ? document.activeElement.dataset.i : null;
  place.replaceChildren(...items.map(([sign, name, title], i) =>
    el("button", { type: "button", class: "chip", "data-i": i, title, "aria-pressed": String(isOn(i)), onclick: () => { flip(i); update(); } }, sign, name)));
  if (had !== null) place.querySelector(`[data-i="${had}"]`)?.focus();
}
const signOf = (l) => svg("svg", { width: 14, height: 14, viewBox: "-7 -7 14 14", "aria-hidden": "true" },
  shape(data.layers[l].marker, 0, 0, 5, { style: { fill: inkOf(data.layers[l]) } }));
const turn = (set, i) => { if (!set.delete(i)) set.add(i); };

function drawControls() {
  chips(byId("layers"), data.layers.map((layer, l) => [signOf(l), layerName(layer), `${layer.units} units`]),
    (l) => !state.hidden.has(l), (l) => turn(state.hidden, l));
  chips(byId("estimators"), data.estimators.map((e) => [e.truth ? el("span", { class: "badge" }, "truth") : null, e.name, null]),
    (e) => state.estimators.has(e), (e) => turn(state.estimators, e));
  byId("runs").value = String(state.runs);
  byId("compare").value = String(state.compare);
  byId("trails").setAttribute("aria-pressed", String(state.trails));
  const other = data.estimators[state.compare];
  byId("outlines").hidden = !other;
  byId("outlines").textContent = other ? `Outlines: ${other.name}, where it is measured at the same epoch. Lines join them with the marks of the same layer.` : "";
}

const cellsOf = (e, l) => { const v = valueAt(e, series(), l, state.step); return [0, 1].map((i) => el("td", {}, v ? minus(v[i].toFixed(3)) : "–")); };
function drawValues() {
  const table = byId("values"), shown = shownEstimators();
  byId("epoch-of-values").textContent = count(data.epochs[state.step]);
  table.tHead.replaceChildren(
    el("tr", {}, el("th", { scope: "col", rowspan: 2, class: "words" }, "Layer"), ...shown.map((e) => el("th", { scope: "colgroup", colspan: 2, class: "of" }, data.estimators[e].name))),
    el("tr", {}, ...shown.flatMap(() => [el("th", { scope: "col" }, "I(X;T)"), el("th", { scope: "col" }, "I(T;Y)")])));
  table.tBodies[0].replaceChildren(...shownLayers().map((l) => el("tr", {},
    el("th", { scope: "row", class: "words" }, signOf(l), " ", layerName(data.layers[l])), ...shown.flatMap((e) => cellsOf(e, l)))));
}

// Draw all anew, for another selection or another width.
function update() {
  drawControls();
  drawPlanes();
  drawTimeline();
  show(playing ? playing.t : state.step);
  writeAddress();
}

// The selection by name, as far as it differs from the start.
function writeAddress() {
  if (playing) return;
  const query = new URLSearchParams(), first = firstEstimators();
  if (state.step !== START.step) query.set("epoch", data.epochs[state.step]);
  const shown = shownEstimators();
  if (shown.length !== first.size || shown.some((e) => !first.has(e))) {
    for (const e of shown) query.append("estimator", data.estimators[e].name);
    if (!shown.length) query.set("estimator", "");
  }
  for (const l of [...state.hidden].sort((a, b) => a - b)) query.append("hide", data.layers[l].number);
  if (state.runs !== START.runs) query.set("runs", state.runs);
  if (state.compare >= 0) query.set("compare", data.estimators[state.compare].name);
  if (!state.trails) query.set("trails", "off");
  const text = query.toString();
  try {
    history.replaceState(null, "", `${location.pathname}${location.search}${text && `#${text}`}`);
  } catch { /* an address that may not be changed, such as that of a frame */ }
}

function readAddress() {
  const query = new URLSearchParams(location.hash.slice(1));
  const names = data.estimators.map((e) => e.name), epoch = Number(query.get("epoch"));
  const known = query.getAll("estimator").map((name) => names.indexOf(name)).filter((e) => e >= 0);
  Object.assign(state, START, { estimators: known.length || query.get("estimator") === "" ? new Set(known) : firstEstimators(), hidden: new Set() });
  if (query.has("epoch") && epoch >= 0) state.step = Math.round(stepOfEpoch(epoch));
  const numbers = query.getAll("hide").map(Number);
  data.layers.forEach((layer, l) => { if (numbers.includes(layer.number)) state.hidden.add(l); });
  const runs = query.get("runs");
  if (runs === "all" && data.runs.length > 1) state.runs = runs;
  else if (runs && data.runs.includes(Number(runs)) && data.runs.length > 1) state.runs = Number(runs);
  state.compare = query.has("compare") ? names.indexOf(query.get("compare")) : -1;
  state.trails = query.get("trails") !== "off";
}

const option = (value, text) => el("option", { value }, text);
const number = (text) => (text === "mean" || text === "all" ? text : Number(text));
const reading = [
  "Trails lead back to the first epoch. Their dots are at epochs 0, 10, 100 and so on.",
  LIMIT === null ? "" : `Dashed: ${data.curve.length ? "the bottleneck curve, which ends at" : `min(I(X;T), ${LIMIT_NAME}), with`} ${LIMIT_NAME} = ${plain(LIMIT)} bits. No true value lies above, in the shaded area`
    + `${data.h_x === null ? "" : `, or beyond H(X) = ${plain(data.h_x)} bits`}. `
    + (data.i_xy === null ? "If the label is a function of the input, a layer can reach this limit." : "Equal inputs have different labels, so that I(X;Y) is below H(Y)."),
  data.estimators.some((e) => e.truth) ? "Truth: counted (exact), or computed to a small error for layers with added noise (noisy). The others are estimates." : "",
  data.estimators.some((e) => e.name.startsWith("noisy")) ? "kde and knn estimate the truth that noisy computes if their noise is the same. Binning measures another quantity: the information of the binned layer." : "",
  data.estimators.some((e) => e.ceiling.length) ? "At ceiling: I(X;T) is mostly about the largest value that the estimator can return." : "",
  data.estimators.some((e) => e.ownScale) ? "An estimator far beyond H(X) has a scale of its own." : "",
];

byId("made").textContent = `· ${data.made}`;
byId("reading").append(...[...reading, ...data.notes].filter(Boolean).map((text) => el("li", {}, text)));
byId("runs").append(option("mean", `mean over ${data.all_runs}`), option("all", "every run and the mean"), ...data.runs.map((r) => option(r, `run ${r}`)));
byId("runs").closest("label").hidden = data.runs.length < 2;
byId("compare").append(option(-1, "none"), ...data.estimators.map((e, i) => option(i, e.name)));
byId("compare").closest("label").hidden = data.estimators.length < 2;
byId("runs").addEventListener("change", () => { state.runs = number(byId("runs").value); update(); });
byId("compare").addEventListener("change", () => { state.compare = Number(byId("compare").value); update(); });
byId("trails").addEventListener("click", () => { state.trails = !state.trails; update(); });
byId("controls").addEventListener("submit", (event) => event.preventDefault());
let width = innerWidth;
addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; update(); } });
addEventListener("hashchange", () => { pause(); readAddress(); update(); });

readAddress();
drawButton();
update();
// The film starts by itself, unless the reader wants no motion or comes for one epoch.
if (!still.matches && !new URLSearchParams(location.hash.slice(1)).has("epoch")) play();
