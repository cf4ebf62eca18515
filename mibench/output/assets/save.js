// What can be saved: charts as SVG, tables as CSV; and the selection, which the address holds.

const OF_SHAPES = { fill: "rgb(0, 0, 0)", stroke: "none", "stroke-width": "1px", "stroke-dasharray": "none", opacity: "1" }; // and their defaults
const OF_TEXT = { ...OF_SHAPES, "font-family": "", "font-size": "", "text-anchor": "start", "paint-order": "normal" };
const fileName = (name, ending) => `mibench-${name.replace(/[^A-Za-z0-9.=-]+/g, "-").slice(0, 80)}.${ending}`;
const link = (text, file, make) =>
  el("a", { class: "save", download: file, href: "#", onclick: (event) => { event.currentTarget.href = make(); } }, text);

// A chart with the link that saves it. estimators: those that the file names below the chart, where
// the chart itself does not.
const saved = (root, name, estimators = []) =>
  [root, link("Save as SVG", fileName(name, "svg"), () => `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgFile(root, estimators))}`)];

// The chart as a file of its own: the styles of the page become attributes.
function svgFile(root, estimators) {
  const copy = root.cloneNode(true), originals = [root, ...root.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((node, i) => {
    const style = getComputedStyle(originals[i]);
    for (const name of ["class", "style", "tabindex", "role", "aria-label"]) node.removeAttribute(name);
    for (const [name, initial] of Object.entries(node.tagName === "text" ? OF_TEXT : OF_SHAPES)) {
      const value = style.getPropertyValue(name);
      if (value !== initial && node.tagName !== "g" && node.tagName !== "svg") node.setAttribute(name, value);
    }
    if (node.tagName === "g" && style.opacity !== "1") node.setAttribute("opacity", style.opacity);
  });
  const [width, height] = ["width", "height"].map((name) => Number(root.getAttribute(name)));
  const style = getComputedStyle(document.body), ink = { fill: style.color, "font-size": 12, "font-family": style.fontFamily };
  const rows = estimators.flatMap((e, i) => [
    mark(e, 52, height + 18 * i + 10, 4.4, { style: { fill: colour(e).startsWith("var") ? style.color : colour(e) } }),
    svg("text", { x: 64, y: height + 18 * i + 14, ...ink }, data.estimators[e].name),
  ]);
  const tall = height + 18 * estimators.length + (estimators.length ? 8 : 0);
  filled(copy, { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${tall}`, width, height: tall }, rows);
  copy.prepend(svg("rect", { width, height: tall, fill: getComputedStyle(document.body).backgroundColor }));
  return new XMLSerializer().serializeToString(copy);
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
