// The data of the page, the reader's selection, and what all parts of the page use. All statistics
// are computed by mibench.summary. A summary is one estimator on one task at one sample size.

const data = JSON.parse(document.getElementById("data").textContent);
const unpack = ({ fields, rows }) =>
  rows.map((row) => Object.fromEntries(row.map((value, column) => [fields[column], value])));

const summaries = unpack(data.cells);
const rankings = data.rankings.map((r) => ({ of: r.of, rows: unpack(r) }));
const summaryAt = new Map(summaries.map((c) => [`${c.task},${c.n},${c.estimator}`, c]));

// n, width: 0 for all, i + 1 for the i-th. hidden: estimators switched off in a legend. task: the
// task of the figure of error against sample size, -1 for all.
const state = {
  units: data.units, group: 0, n: 0, width: 0, text: "", hidden: new Set(),
  sort: "rank", up: true, order: "truth", panels: "each", task: -1,
};

const viewOf = (group, n, width) => rankings[data.views[`${group},${n},${width}`]];
// The ranking at the s-th size, of the tasks that were run at every size, if there are any.
const completeViewOf = (group, s, width) => {
  const indices = data.steady[`${group},${width}`];
  return indices ? rankings[indices[s]] : viewOf(group, s + 1, width);
};
const view = () => viewOf(state.group, state.n, state.width) ?? { of: 0, rows: [] };
const matches = (e) => data.estimators[e].name.toLowerCase().includes(state.text.toLowerCase());
const matchingEstimators = () => data.estimators.map((_, e) => e).filter(matches);
const visibleEstimators = () => matchingEstimators().filter((e) => !state.hidden.has(e));
const sizes = () => data.sizes.map((_, s) => s).filter((s) => !state.n || s === state.n - 1);
const inView = (t) =>
  data.tasks[t].groups.includes(state.group) && (!state.width || data.tasks[t].width === state.width - 1);
const tasks = () => data.tasks.map((_, t) => t).filter(inView);
const summariesInView = (estimators) => {
  const of = new Set(estimators), on = new Set(tasks()), at = new Set(sizes());
  return summaries.filter((c) => of.has(c.estimator) && on.has(c.task) && at.has(c.n));
};

// Text. Records may hold any text, so it is only put into text nodes and attributes.

const NONE = "–";
const inUnits = (nats) => (nats === null || state.units === "nats" ? nats : nats / Math.LN2);
const mi = (nats, digits = 3, sign = false) => {
  if (nats === null || nats === undefined) return NONE;
  const text = inUnits(nats).toFixed(digits).replace(/^-(0\.?0*)$/, "$1");
  return minus(sign && !text.startsWith("-") && Number(text) ? `+${text}` : text);
};
const range = (low, high, digits = 3, sign = false) =>
  low === null || low === undefined ? "" : `[${mi(low, digits, sign)}, ${mi(high, digits, sign)}]`;
const count = (value) => value.toLocaleString("en");
const counted = (value, noun) => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
const percent = (share) =>
  share === null ? NONE : `${share > 0 && share < 0.001 ? "<0.1" : (100 * share).toFixed(share ? 1 : 0)} %`;
// Three significant digits with a unit. steps: [limit below which the unit is used, factor, unit].
const scaled = (value, steps) => {
  if (value === null) return NONE;
  const rounded = Number(value.toPrecision(3)); // 999.9 µs are 1.00 ms
  const [limit, scale, unit] = steps.find(([top]) => rounded < top);
  const text = (value * scale).toPrecision(3);
  return `${text.includes("e") ? Number(text) : text} ${unit}`;
};
// The same text as `duration` in mibench/output/text.py.
const duration = (s) => scaled(s, [[1e-3, 1e6, "µs"], [1, 1e3, "ms"], [Infinity, 1, "s"]]);
const bytes = (b) => scaled(b, [[1e3, 1, "B"], [1e6, 1e-3, "kB"], [1e9, 1e-6, "MB"], [Infinity, 1e-9, "GB"]]);
// A name that may break after one of these signs.
const breakable = (name) => name.split(/(?<=[:=,_-])/).flatMap((part, index) => (index ? [document.createElement("wbr"), part] : [part]));
const joined = (words) =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;

// An estimator's colour and marker, the same everywhere.

const colour = (e) => (data.estimators[e].colour === "#000000" ? "var(--ink)" : data.estimators[e].colour);
const mark = (e, x, y, r, attributes = {}) =>
  shape(data.estimators[e].marker, x, y, r, { ...attributes, style: { fill: colour(e), ...attributes.style } });
const sign = (e) =>
  svg("svg", { width: 13, height: 13, viewBox: "-6.5 -6.5 13 13", "aria-hidden": "true" }, mark(e, 0, 0, 4.6));

function tipOfSummary(c) {
  const task = data.tasks[c.task], name = data.estimators[c.estimator].name;
  const flags = c.flags ? c.flags.split(";").map((f) => `${f}: ${data.meanings[f] ?? ""}`) : [];
  const results = c.failures === c.seeds ? [] : [
    ["estimate", `${mi(c.mean_nats)}${c.sd_nats === null ? "" : ` ± ${mi(c.sd_nats)}`} ${state.units}`],
    ["bias", `${mi(c.bias_nats, 3, true)} ${range(c.bias_low_nats, c.bias_high_nats, 3, true)}`],
    ["RMSE", `${mi(c.rmse_nats)} ${range(c.rmse_low_nats, c.rmse_high_nats)}${c.best ? ", smallest" : ""}`],
  ];
  return {
    title: `${name} on ${task.name}`,
    rows: [
      ["true value", `${mi(task.mi)} ${state.units}`], ...results,
      ["sample", `n = ${count(data.sizes[c.n])}, ${task.dims.join(" + ")} dimensions`],
      ["seeds", String(c.seeds)],
      ["failed", c.failures ? `${c.failures} of ${c.seeds}` : "none"],
      ["time", duration(c.seconds)], ["flags", flags.join("; ")],
    ],
  };
}
