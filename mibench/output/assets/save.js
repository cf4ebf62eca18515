// What can be saved: charts as SVG, tables as CSV; and the selection, which the address holds.

// A chart with the link that saves it. estimators: those that the file names below the chart, where
// the chart itself does not.
const saved = (root, name, estimators = []) =>
  [root, link("Save as SVG", fileName(name, "svg"), () => svgFile(root, namesBelow(root, estimators)))];

function namesBelow(root, estimators) {
  if (!estimators.length) return { nodes: [], height: 0 };
  const height = Number(root.getAttribute("height")), style = getComputedStyle(document.body);
  const ink = { fill: style.color, "font-size": 12, "font-family": style.fontFamily };
  const nodes = estimators.flatMap((e, i) => [
    mark(e, 52, height + 18 * i + 10, 4.4, { style: { fill: colour(e).startsWith("var") ? style.color : colour(e) } }),
    svg("text", { x: 64, y: height + 18 * i + 14, ...ink }, data.estimators[e].name),
  ]);
  return { nodes, height: 18 * estimators.length + 8 };
}

// A text that a spreadsheet would take for a formula gets a quote mark, as in mibench.output.safe.
const guarded = (text) => (/^[=+@\t\r\n\uff1d\uff0b\uff0d\uff20-]/.test(text) ? `'${text}` : text);
const csvCell = (value) => {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(Number(value.toPrecision(6)));
  const text = guarded(String(value));
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
const csvOf = (rows) => `data:text/csv;charset=utf-8,${encodeURIComponent(rows.map((row) => `${row.map(csvCell).join(",")}\n`).join(""))}`;

// The errors by task, as far as they are selected: one row for each task and sample size.
function errorsCsv() {
  const estimators = visibleEstimators(), heading = ["task", "dim_x", "dim_y", `mi_${state.units}`, "n"];
  const rows = tasks().sort((a, b) => ORDERS[state.order](data.tasks[a], data.tasks[b])).flatMap((t) => sizes().map((s) => {
    const { name, dims, mi: truth } = data.tasks[t];
    return [name, ...dims, inUnits(truth), data.sizes[s], ...estimators.map((e) => inUnits(summaryAt.get(`${t},${s},${e}`)?.bias_nats ?? null))];
  }));
  return csvOf([[...heading, ...estimators.map((e) => data.estimators[e].name)], ...rows]);
}

// The selection in the address, by name, so that a link to the page shows the same. Only what
// differs from the start is there.

const START = { units: data.units, order: "truth", panels: "each", sort: "rank" };
const places = () => [
  ["tasks", data.groups.map((g) => g.name), "group", 0], ["n", data.sizes.map(String), "n", 1],
  ["dims", data.widths, "width", 1], ["task", data.tasks.map((t) => t.name), "task", 0],
]; // the parameter, the names of its values, the key of the state, and the value of the first name

function writeAddress() {
  const query = new URLSearchParams();
  for (const [name, values, key, first] of places()) {
    const start = key === "task" ? -1 : 0;
    if (state[key] !== start) query.set(name, values[state[key] - first]);
  }
  for (const key of Object.keys(START)) if (state[key] !== START[key]) query.set(key, state[key]);
  if (!state.up) query.set("down", "1");
  if (state.text) query.set("estimator", state.text);
  for (const e of [...state.hidden].sort((a, b) => a - b)) query.append("hide", data.estimators[e].name);
  const text = query.toString();
  try {
    history.replaceState(null, "", `${location.pathname}${text && `?${text}`}${location.hash}`);
  } catch { /* an address that may not be changed, such as that of a frame */ }
}

function readAddress() {
  const query = new URLSearchParams(location.search);
  for (const [name, values, key, first] of places()) {
    const place = query.has(name) ? values.indexOf(query.get(name)) : -1;
    if (place >= 0) state[key] = place + first;
  }
  const valid = { units: ["bits", "nats"], order: Object.keys(ORDERS), panels: ["each", "one"], sort: COLUMNS.map(([key]) => key) };
  for (const key of Object.keys(START)) if (valid[key].includes(query.get(key))) state[key] = query.get(key);
  state.up = !query.has("down");
  state.text = query.get("estimator") ?? "";
  const names = data.estimators.map((e) => e.name);
  for (const name of query.getAll("hide")) if (names.includes(name)) state.hidden.add(names.indexOf(name));
  if (view().of === 0) Object.assign(state, { group: 0, n: 0, width: 0 }); // a selection without tasks
  for (const [id, key] of [["group", "group"], ["samples", "n"], ["dims", "width"], ["order", "order"], ["text", "text"]]) byId(id).value = state[key];
}
