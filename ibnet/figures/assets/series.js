// The data of the page, the reader's selection, and values by time. Time t counts steps of the
// slider; between two steps, while the page plays, marks are between their values.

const data = JSON.parse(byId("data").textContent);
const LAST = data.epochs.length - 1, MEAN = 0; // the first series is the mean over runs
const MOST_PANELS = 4; // at first
const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";

// step: of the slider. estimators, hidden: indices switched on and off. runs: "mean", "all", or the
// number of a run. compare: the estimator drawn as outlines, -1 for none.
const START = { step: LAST, runs: "mean", trails: true, compare: -1 };
const firstEstimators = () => new Set(data.estimators.map((_, e) => e).slice(0, MOST_PANELS));
const state = { ...START, estimators: firstEstimators(), hidden: new Set() };

const count = (value) => value.toLocaleString("en");
const symbol = (layer) => `T${[...String(layer.number)].map((d) => SUBSCRIPTS[d]).join("")}`;
const layerName = (layer) => (layer.name ? `${symbol(layer)} ${layer.name}` : symbol(layer));
const inkOf = (layer) => (layer.colour === "#000000" ? "var(--ink)" : layer.colour);
const shownLayers = () => data.layers.map((_, l) => l).filter((l) => !state.hidden.has(l));
const shownEstimators = () => data.estimators.map((_, e) => e).filter((e) => state.estimators.has(e));
const series = () => (typeof state.runs === "number" ? data.runs.indexOf(state.runs) + 1 : MEAN);

// For each step, the position of the estimator's latest own step; -1 before the first.
for (const e of data.estimators) {
  const own = e.steps ?? data.epochs.map((_, step) => step);
  let latest = -1;
  e.own = own;
  e.at = data.epochs.map((_, step) => { if (own[latest + 1] === step) latest += 1; return latest; });
}

// I(X;T) and I(T;Y) in bits of a series and a layer at a step, or null.
function valueAt(e, run, layer, step) {
  const { at, x, y } = data.estimators[e], k = at[step];
  const value = k < 0 ? null : x[run][layer][k];
  return value === null ? null : [value / 1000, y[run][layer][k] / 1000];
}
function valueAtTime(e, run, layer, t) {
  const step = Math.min(Math.floor(t), LAST), part = t - step, a = valueAt(e, run, layer, step);
  if (!part || !a) return a;
  const b = valueAt(e, run, layer, step + 1);
  return b ? [a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1])] : a;
}
// The smallest and the largest I(X;T), and the same of I(T;Y), of the single runs.
function spreadAt(e, layer, step) {
  const values = data.runs.map((_, r) => valueAt(e, r + 1, layer, step)).filter(Boolean);
  return [0, 1].map((i) => [Math.min(...values.map((v) => v[i])), Math.max(...values.map((v) => v[i]))]);
}
// Where an epoch stands on the slider, in steps; between two, by its logarithm.
function stepOfEpoch(epoch) {
  const after = data.epochs.findIndex((e) => e >= epoch);
  if (after <= 0) return after < 0 ? LAST : 0;
  const [a, b] = [data.epochs[after - 1], data.epochs[after]].map((e) => Math.log(e + 0.4));
  return after - 1 + (Math.log(epoch + 0.4) - a) / (b - a);
}

// The epoch that an estimator measured, at a step.
const epochOf = (e, step) => { const { own, at } = data.estimators[e]; return at[step] < 0 ? null : data.epochs[own[at[step]]]; };

// The largest and smallest values of an estimator, over runs and steps.
function extremes(values) {
  let [low, high] = [0, 0];
  for (const run of values) for (const layer of run) for (const v of layer) { if (v < low) low = v; if (v > high) high = v; }
  return [low / 1000, high / 1000];
}
for (const e of data.estimators) Object.assign(e, { rangeX: extremes(e.x), rangeY: extremes(e.y) });
// An estimator far beyond H(X) has a scale of its own, so that it does not squeeze the others.
const isBeyond = (e) => data.h_x !== null && e.rangeX[1] > data.most_of_h_x * data.h_x;
for (const e of data.estimators) e.ownScale = isBeyond(e) && !data.estimators.every(isBeyond);
