// Figures. Each is an SVG as wide as its container, so that its text keeps its size.

const LADDER = [0, 1, 10, 100, 0.1, 1000, 0.5, 5, 50, 0.01, 2, 20, 0.2, 0.05, 0.02, 200, 500, 0.001];
const asinhScale = (low, high, from, to, gap) =>
  scaleOf((v) => Math.asinh(v / 0.5), low, high, from, to, LADDER.flatMap((v) => (v && low < -0.1 ? [v, -v] : [v])), gap);
function logScale(low, high, from, to, gap, text) {
  const decades = [];
  for (let d = Math.floor(Math.log10(low)) - 1; d <= Math.ceil(Math.log10(high)); d++) decades.push(d);
  const candidates = [1, 2, 5, 3, 7, 1.5, 4, 6, 8, 9].flatMap((m) => decades.map((d) => Number(`${m}e${d}`)));
  return scaleOf(Math.log10, low, high, from, to, candidates, gap, text);
}
const shortDuration = (s) => duration(s).replace(/\.0+ /, " "); // 1 ms, not 1.00 ms

// The chart with its points: [{x, y, tip, node}]. Pointer and touch show the tooltip of the nearest
// point, and the arrow keys move among the points.
function chart(width, height, label, parts, points) {
  const root = svg("svg", {
    class: "chart", viewBox: `0 0 ${width} ${height}`, width, height, role: "group", tabindex: 0,
    "aria-label": `${label} ${points.length} points; arrow keys move among them.`,
  }, ...parts, ...points.map((p) => p.node));
  let selected = -1;
  const choose = (next) => {
    points[selected]?.node.classList.remove("on");
    selected = next;
    const point = points[selected];
    if (!point) return hideTip();
    point.node.classList.add("on");
    return showTip(point.tip(), () => {
      const box = root.getBoundingClientRect(), k = box.width / width;
      const [x, y] = [box.left + k * point.x, box.top + k * point.y];
      return { left: x, right: x, top: y - 4, bottom: y + 4 };
    });
  };
  const nearest = (event) => {
    const box = root.getBoundingClientRect(), k = width / box.width;
    const [x, y] = [(event.clientX - box.left) * k, (event.clientY - box.top) * k];
    const distances = points.map((p) => Math.hypot(p.x - x, p.y - y)), least = Math.min(...distances);
    choose(least < 26 ? distances.indexOf(least) : -1);
  };
  for (const kind of ["pointermove", "click"]) root.addEventListener(kind, nearest);
  root.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") choose(-1); });
  root.addEventListener("blur", () => choose(-1));
  root.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step || !points.length) return;
    event.preventDefault();
    choose((selected + step + points.length) % points.length);
  });
  return root;
}

const nothing = (text) => el("p", { class: "note" }, text);

function drawTruth() {
  const place = byId("truth-chart"), estimators = visibleEstimators(), each = state.panels === "each" && estimators.length > 1;
  const shown = summariesInView(estimators).filter((c) => c.mean_nats !== null);
  place.classList.toggle("one", !each);
  const severalSizes = sizes().length > 1;
  byId("mark-sizes").textContent = severalSizes ? `Larger marks have larger samples: n = ${joined(sizes().map((s) => count(data.sizes[s])))}.` : "";
  if (!shown.length) return place.replaceChildren(nothing("No estimate to draw."));
  const values = shown.flatMap((c) => [c.mean_nats - (c.sd_nats ?? 0), c.mean_nats + (c.sd_nats ?? 0)]).map(inUnits);
  const right = 1.12 * Math.max(0.5, ...shown.map((c) => inUnits(data.tasks[c.task].mi)));
  const limits = { right, low: 1.15 * Math.min(-0.1, ...values), high: 1.15 * Math.max(0.5, right / 1.15, ...values) };
  const probe = el("figure"); // as wide as a panel will be
  place.replaceChildren(probe);
  if (!each) return place.replaceChildren(el("figure", {}, ...saved(truthPanel(probe, shown, limits, 460, ""), "estimate-and-true-value", estimators)));
  const panels = estimators.map((e) => {
    const name = data.estimators[e].name, part = shown.filter((c) => c.estimator === e);
    return el("figure", {}, el("figcaption", {}, sign(e), " ", name), ...saved(truthPanel(probe, part, limits, 0, name), `estimate-and-true-value-${name}`));
  });
  return place.replaceChildren(...panels);
}

function truthPanel(place, shown, limits, height, name) {
  const width = Math.max(140, Math.round(place.getBoundingClientRect().width));
  height ||= Math.round(Math.min(300, 70 + width)); // one of several panels
  const m = { left: 40, right: 12, top: 26, bottom: 40 };
  const x = asinhScale(-0.06, limits.right, m.left, width - m.right, 25);
  const y = asinhScale(limits.low, limits.high, height - m.bottom, m.top, 20);
  const line = Array.from({ length: 80 }, (_, i) => (limits.right * i) / 79).map((v) => `${x.at(v).toFixed(1)},${y.at(v).toFixed(1)}`);
  const parts = [...axes(width, height, m, x, y, [`${width < 230 ? "true value" : "true mutual information"} (${state.units})`, `estimate (${state.units})`]),
    svg("polyline", { class: "line", points: line.join(" ") })];
  const shownSizes = sizes();
  const points = shown.map((c) => {
    const e = c.estimator, px = x.at(inUnits(data.tasks[c.task].mi)), py = y.at(inUnits(c.mean_nats));
    const big = (shownSizes.indexOf(c.n) + 1) / shownSizes.length, spread = c.sd_nats ?? 0;
    const node = svg("g", { style: { opacity: (0.45 + 0.45 * big).toFixed(2) } },
      svg("line", { x1: px.toFixed(1), x2: px.toFixed(1), y1: y.at(inUnits(c.mean_nats - spread)).toFixed(1), y2: y.at(inUnits(c.mean_nats + spread)).toFixed(1), style: { stroke: colour(e) } }),
      mark(e, px, py, Number((2 + 2 * big).toFixed(2))));
    return { x: px, y: py, node, tip: () => tipOfSummary(c) };
  });
  return chart(width, height, `Estimate against true value${name && `, ${name}`}.`, parts, points);
}

const MOST_NAMES = 14; // of lines that have room for a name each
const shortened = (name, most) => (name.length > most ? `${name.slice(0, most - 1)}…` : name);

// The name of each line beside its last point, moved apart where they would touch.
function namesAtEnds(points, label, x, [top, bottom]) {
  const last = new Map(points.map((p) => [p.e, p]));
  const ends = [...last.values()].sort((a, b) => a.y - b.y).map((p) => ({ ...p, at: p.y }));
  const gap = Math.min(13, (bottom - top) / Math.max(1, ends.length - 1));
  ends.forEach((p, i) => { p.at = Math.max(p.at, i ? ends[i - 1].at + gap : top); });
  ends.reverse().forEach((p, i) => { p.at = Math.min(p.at, i ? ends[i - 1].at - gap : bottom); });
  return ends.flatMap((p) => [
    svg("line", { x1: p.x + 5, y1: p.y, x2: x - 2, y2: p.at, style: { stroke: colour(p.e), strokeWidth: 0.7, opacity: 0.7 } }),
    svg("text", { class: "name", x, y: p.at + 4 }, label(p.e)),
  ]);
}

// RMSE at each sample size: over all tasks in view, from their rankings, or of one task.
function errorsBySize(estimators) {
  return data.sizes.flatMap((n, s) => {
    const rows = state.task < 0 ? (completeViewOf(state.group, s, state.width)?.rows ?? [])
      : data.estimators.map((_, e) => summaryAt.get(`${state.task},${s},${e}`)).filter(Boolean);
    return rows.filter((r) => estimators.includes(r.estimator) && r.rmse_nats !== null).map((r) => ({ ...r, size: n, s }));
  });
}

function drawSize() {
  const estimators = visibleEstimators(), errors = errorsBySize(estimators), place = byId("size-chart");
  const incomplete = state.task < 0 ? data.sizes.flatMap((n, s) => {
    const { of, rows } = completeViewOf(state.group, s, state.width) ?? { of: 0, rows: [] };
    const used = Math.max(0, ...rows.map((r) => r.cells));
    return used < of ? [`${count(used)} of ${count(of)} at n = ${count(n)}`] : [];
  }) : [];
  byId("size-note").textContent = `RMSE in ${state.units} over the samples on which no estimator failed, with 95 % confidence intervals over seeds.`
    + (state.task < 0 && data.steady[`${state.group},${state.width}`] ? " Only tasks that were run at every n." : "")
    + (incomplete.length ? ` Caution: these are only ${joined(incomplete)}, so the sample sizes are not compared on the same tasks.` : "")
    + (data.sizes.length < 2 ? " These records hold one sample size. Run several to see how the error falls." : "");
  const positive = errors.filter((r) => r.rmse_nats > 0);
  if (!positive.length) return place.replaceChildren(nothing("No error to draw."));
  const width = Math.max(300, place.clientWidth), height = Math.min(420, 200 + width / 3);
  const shown = [...new Set(positive.map((r) => r.estimator))], named = shown.length <= MOST_NAMES;
  const letters = width < 500 ? 12 : 24, label = (e) => shortened(data.estimators[e].name, letters);
  const room = named ? 14 + 6.6 * Math.max(...shown.map((e) => label(e).length)) : 16;
  const m = { left: 46, right: room, top: 28, bottom: 44 };
  const values = positive.flatMap((r) => [r.rmse_nats, r.rmse_low_nats || r.rmse_nats, r.rmse_high_nats ?? r.rmse_nats]).map(inUnits);
  const [low, high] = [0.85 * Math.min(...values), 1.18 * Math.max(...values)];
  const [n0, n1] = [data.sizes[0] / 1.25, data.sizes.at(-1) * 1.25];
  const x = { ...scaleOf(Math.log10, n0, n1, m.left, width - m.right, data.sizes, 34, count) };
  const y = logScale(low, high, height - m.bottom, m.top, 36);
  const safe = (v) => y.at(Math.max(low, inUnits(v))); // an RMSE of 0 is drawn at the bottom of the logarithmic axis
  const parts = axes(width, height, m, x, y, ["samples n", `RMSE (${state.units})`]), points = [];
  estimators.forEach((e, index) => {
    const line = errors.filter((r) => r.estimator === e), shift = 5 * (index - (estimators.length - 1) / 2);
    const at = (r) => x.at(r.size) + (estimators.length > 6 ? shift / 2 : shift);
    parts.push(svg("polyline", { points: line.map((r) => `${at(r).toFixed(1)},${safe(r.rmse_nats).toFixed(1)}`).join(" "), style: { stroke: colour(e), fill: "none", strokeWidth: 1.4 } }));
    for (const r of line) {
      const [px, py] = [at(r), safe(r.rmse_nats)];
      const node = svg("g", {},
        svg("line", { x1: px, x2: px, y1: safe(r.rmse_low_nats ?? r.rmse_nats), y2: safe(r.rmse_high_nats ?? r.rmse_nats), style: { stroke: colour(e) } }),
        mark(e, px, py, 4.4, { style: { stroke: "var(--paper)", strokeWidth: 0.8 } }));
      const tip = () => (state.task < 0 ? tipOfRank(r, `n = ${count(r.size)}`) : tipOfSummary(summaryAt.get(`${state.task},${r.s},${e}`)));
      points.push({ x: px, y: py, e, node, tip });
    }
  });
  if (named) parts.push(...namesAtEnds(points, label, width - room + 12, [m.top, height - m.bottom]));
  return place.replaceChildren(...saved(chart(width, height, "RMSE against sample size.", parts, points), "error-and-sample-size", named ? [] : shown));
}

function tipOfRank(r, where) {
  return {
    title: data.estimators[r.estimator].name,
    rows: [
      ["for", where], ["RMSE", `${mi(r.rmse_nats)} ${range(r.rmse_low_nats, r.rmse_high_nats)} ${state.units}`],
      ["bias", `${mi(r.bias_nats, 3, true)} ${range(r.bias_low_nats, r.bias_high_nats, 3, true)}`],
      ["rank", String(r.rank)], ["over", counted(r.cells, "sample")], ["time", duration(r.seconds)],
      ["failed", percent(r.failure_rate)],
    ],
  };
}

function drawCost() {
  const estimators = visibleEstimators(), place = byId("cost-chart");
  const ranks = view().rows.filter((r) => estimators.includes(r.estimator) && r.rmse_nats > 0 && r.seconds > 0);
  if (!ranks.length) return place.replaceChildren(nothing("No error to draw."));
  const width = Math.max(300, place.clientWidth), height = Math.min(400, 200 + width / 3);
  const m = { left: 46, right: 20, top: 28, bottom: 44 };
  const [seconds, errors] = [ranks.map((r) => r.seconds), ranks.map((r) => inUnits(r.rmse_nats))];
  const x = logScale(Math.min(...seconds) / 1.6, Math.max(...seconds) * 2.4, m.left, width - m.right, 48, shortDuration);
  const y = logScale(Math.min(...errors) / 1.35, Math.max(...errors) * 1.35, height - m.bottom, m.top, 36);
  const front = ranks.filter((r) => r.efficient).sort((a, b) => a.seconds - b.seconds);
  const at = (r) => [x.at(r.seconds), y.at(inUnits(r.rmse_nats))];
  const steps = front.map((r, i) => { const [px, py] = at(r); return i ? `H${px}V${py}` : `M${px},${m.top}V${py}`; });
  const parts = [...axes(width, height, m, x, y, ["median time of an estimate", `RMSE (${state.units})`]),
    svg("path", { class: "front", d: front.length ? `${steps.join("")}H${width - m.right}` : "" })];
  const taken = ranks.map((r) => ({ x: at(r)[0] - 7, wide: 14, y: at(r)[1] + 4 }));
  const points = ranks.map((r) => {
    const [px, py] = at(r), node = svg("g", {}, mark(r.estimator, px, py, 6, { style: { stroke: "var(--paper)", strokeWidth: 1 } }));
    const short = shortened(data.estimators[r.estimator].name, width < 500 ? 24 : 34), wide = 6.6 * short.length;
    const free = (b) => b.x > m.left && b.x + wide < width && b.y > m.top - 6 && b.y < height - m.bottom
      && taken.every((t) => Math.abs(t.y - b.y) > 13 || t.x > b.x + wide || b.x > t.x + t.wide);
    // Beside the mark, above or below it, and if there is no room further away, with a line to it.
    const box = [5, -8, 17, -22, 31, -36, 45, -50, 59].flatMap((d) => [px + 11, px - 11 - wide, px - wide / 2]
      .map((x, side) => ({ x, wide, y: py + d * (side === 2 ? 1.3 : 1), side, d }))).find(free);
    if (box) {
      taken.push(box);
      if (Math.abs(box.d) > 20) parts.push(svg("line", { class: "lead", x1: px, y1: py, x2: [box.x - 1, box.x + wide + 1, px][box.side], y2: box.y - (box.d < 0 && box.side === 2 ? -3 : 4) }));
      parts.push(svg("text", { class: "name", x: [box.x, box.x + wide, px][box.side], y: box.y, "text-anchor": ["start", "end", "middle"][box.side] }, short));
    }
    return { x: px, y: py, node, tip: () => tipOfRank(r, "the selected tasks") };
  });
  return place.replaceChildren(...saved(chart(width, height, "RMSE against time.", parts, points), "accuracy-and-time"));
}
