// The planes: a panel for each estimator, as an SVG as wide as its place. What changes with time is
// moved, not drawn anew.

const NEAR = 26; // pixels from a mark within which the pointer shows its values
const TAIL = Math.max(3, Math.round(LAST / 8)); // steps behind a mark at which its trail is stronger
const DECADES = [0, 1, 10, 100, 1000, 1e4, 1e5, 1e6];
// The steps with a dot on the trails: those at epochs 0, 10, 100, ...
const STOPS = DECADES.filter((d) => d !== 1 && d >= data.epochs[0] && d <= data.epochs[LAST]).map((d) => Math.round(stepOfEpoch(d)));
// The largest true I(T;Y): H(Y), or I(X;Y) if equal inputs have different labels.
const LIMIT = data.i_xy ?? data.h_y, LIMIT_NAME = data.i_xy === null ? "H(Y)" : "I(X;Y)";
const radius = (l) => Math.max(5, 8 - 0.55 * l); // so that layers at one place are all visible
const linear = (low, high, from, to, gap) => {
  const steps = [1, 2, 4, 10].flatMap((m) => [-4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6].map((p) => Number(`${m}e${p}`))).sort((a, b) => a - b);
  const step = steps.find((s) => (s / (high - low)) * Math.abs(to - from) >= gap) ?? high - low;
  const ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9; k++) ticks.push(Number((k * step).toPrecision(6)));
  return scaleOf((v) => v, low, high, from, to, ticks, 0);
};
const limits = (values, room) => {
  const [low, high] = [Math.min(0, ...values), Math.max(...values)];
  return [low - 0.02 * (high - low), high + room * (high - low) || 1];
};

let panels = [];

function drawPlanes() {
  hideTip();
  const place = byId("planes"), shown = shownEstimators();
  if (!shown.length) {
    panels = [];
    place.replaceChildren(el("p", { class: "note" }, "Switch on an estimator to see its plane."));
    return;
  }
  const room = place.clientWidth, fit = Math.max(1, Math.floor((room + 20) / 300));
  const rows = Math.ceil(shown.length / Math.min(fit, 4)), columns = Math.ceil(shown.length / rows);
  const width = Math.floor((room - 20 * (columns - 1)) / columns);
  place.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
  panels = shown.map((e) => makePanel(e, width));
  place.replaceChildren(...panels.map((p) => p.figure));
}

function makePanel(e, width) {
  const estimator = data.estimators[e], m = { left: 38, right: 10, top: 26, bottom: 42 };
  const room = Math.max(220, innerHeight - 160); // above the player
  const height = Math.round(Math.min(Math.max(0.9 * width, 260), 440, room));
  const together = data.estimators.filter((o) => (estimator.ownScale ? o === estimator : !o.ownScale));
  const [x0, x1] = limits(together.flatMap((o) => o.rangeX), 0.04);
  const [y0, y1] = limits([...together.flatMap((o) => o.rangeY), LIMIT ?? 0], 0.1);
  const x = linear(x0, x1, m.left, width - m.right, 44), y = linear(y0, y1, height - m.bottom, m.top, 30);
  const groups = { trails: svg("g"), runs: svg("g"), compared: svg("g"), marks: svg("g"), names: svg("g") };
  const layers = shownLayers().map((l) => makeLayer(e, l, groups));
  const root = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, width, height, role: "img" },
    ...impossible(x, y, x0, x1, y0, y1), ...axes(width, height, m, x, y, ["I(X;T) (bits)", "I(T;Y) (bits)"]),
    ...limitLines(x, y, x0, x1, y0, y1), ...ceilingText(estimator, width - m.right, m.top - 10), ...Object.values(groups));
  const held = el("span", { class: "soft" });
  const save = link("Save as SVG", "", () => {
    save.download = fileName(`plane-${estimator.name}-epoch-${data.epochs[state.step]}`, "svg");
    return svgFile(root, legendBelow(e, height));
  });
  const figure = el("figure", { "data-estimator": estimator.name },
    el("figcaption", {}, el("span", { class: "who" }, estimator.name), estimator.truth ? el("span", { class: "badge" }, "truth") : null, held, save), root);
  const panel = { e, figure, root, x, y, layers, held, box: [m.left, m.top, width - m.right, height - m.bottom] };
  root.addEventListener("pointermove", (event) => pointAt(panel, event));
  root.addEventListener("click", (event) => pointAt(panel, event));
  root.addEventListener("pointerleave", hideTip);
  return panel;
}

// What a saved plane shows, as text beneath it.
function legendBelow(e, height) {
  const style = getComputedStyle(document.body), look = { fill: style.color, "font-size": 12, "font-family": style.fontFamily };
  const text = `${data.estimators[e].name}, epoch ${count(data.epochs[state.step])}, ${byId("runs").selectedOptions[0].text}`;
  return { nodes: [svg("text", { x: 8, y: height + 14, ...look }, text)], height: 24 };
}

// The largest I(T;Y) from I(X;T) = 0 to `right`: the curve, or the diagonal up to `top`.
function limitPoints(right, top) {
  if (!data.curve.length) return [[0, 0], [Math.min(top, right), Math.min(top, right)]];
  const inside = data.curve.filter(([a]) => a <= right), next = data.curve[inside.length];
  if (!next) return inside;
  const [a, b] = inside[inside.length - 1], share = (right - a) / (next[0] - a);
  return [...inside, [right, b + share * (next[1] - b)]];
}
// Where no true value lies: above the limit, and beyond H(X).
function impossible(x, y, x0, x1, y0, y1) {
  const top = Math.min(LIMIT ?? Infinity, y1), right = Math.min(data.h_x ?? Infinity, x1), edge = limitPoints(right, top);
  const points = [[x0, 0], ...edge, [right, Math.min(data.curve.length ? edge[edge.length - 1][1] : top, top)], [right, y0], [x1, y0], [x1, y1], [x0, y1]];
  return [svg("polygon", { class: "impossible", points: points.map(([a, b]) => `${x.at(a).toFixed(1)},${y.at(b).toFixed(1)}`).join(" ") })];
}
function limitLines(x, y, x0, x1, y0, y1) {
  const parts = [], hx = data.h_x;
  const right = Math.min(hx ?? x1, x1), edge = limitPoints(right, LIMIT ?? y1), top = edge[edge.length - 1][1];
  const line = edge.map(([a, b]) => `${x.at(a)},${y.at(b)}`).join("L");
  parts.push(svg("path", { class: "limit", d: `M${line}${LIMIT === null ? "" : `H${x.at(right)}`}` }));
  if (LIMIT !== null) parts.push(svg("text", { x: x.at(x0) + 6, y: y.at(LIMIT) - 5 }, `${LIMIT_NAME} = ${plain(LIMIT)}`));
  if (hx !== null && hx < x1) {
    parts.push(svg("path", { class: "limit dotted", d: `M${x.at(hx)},${y.at(top)}V${y.at(y0)}` }));
  }
  return parts;
}
function ceilingText(estimator, right, bottom) {
  const layers = data.layers.filter((l) => estimator.ceiling.includes(l.number));
  if (!layers.length) return [];
  return [svg("text", { class: "ceiling", x: right, y: bottom, "text-anchor": "end" }, `at ceiling: ${layers.map(symbol).join(" ")}`)];
}

function makeLayer(e, l, groups) {
  const layer = data.layers[l], style = { stroke: inkOf(layer) };
  const node = {
    l, side: 0,
    old: svg("path", { class: "trail old", style }), trail: svg("path", { class: "trail", style }),
    stops: svg("path", { class: "stops", style }), runs: svg("path", { class: "runs", style }),
    lead: svg("line", { class: "to-compared", style }),
    outline: svg("g", { class: "outline" }, shape(layer.marker, 0, 0, radius(l) + 0.5, { style: { fill: "none", stroke: inkOf(layer) } })),
    mark: svg("g", { class: "mark", "data-layer": layer.number }, shape(layer.marker, 0, 0, radius(l), { style: { fill: inkOf(layer) } })),
    name: svg("text", { class: "name" }, symbol(layer)),
  };
  groups.trails.append(node.old, node.trail, node.stops);
  groups.runs.append(node.runs);
  groups.compared.append(node.lead, node.outline);
  groups.marks.append(node.mark);
  groups.names.append(node.name);
  return node;
}

const reveal = (node, is) => node.toggleAttribute("data-off", !is);

function drawTime(t) {
  for (const panel of panels) {
    const taken = [];
    for (const node of panel.layers) drawLayer(panel, node, t, taken);
    nameMarks(panel, taken);
    describe(panel, Math.min(Math.floor(t), LAST));
  }
}

// Whether the outlines stand for the same epoch as the marks.
const isCompared = (e, step) => state.compare >= 0 && state.compare !== e && epochOf(e, step) === epochOf(state.compare, step);

function drawLayer(panel, node, t, taken) {
  const { e, x, y } = panel, { l } = node, run = series(), step = Math.min(Math.floor(t), LAST);
  const value = valueAtTime(e, run, l, t);
  const at = (v) => `${x.at(v[0]).toFixed(1)},${y.at(v[1]).toFixed(1)}`;
  const path = (points) => (points.length > 1 ? `M${points.map(at).join("L")}` : "");
  const between = (r, from) => {
    const points = [];
    for (let s = Math.max(0, from); s <= step; s++) { const v = valueAt(e, r, l, s); if (v) points.push(v); }
    const end = valueAtTime(e, r, l, t);
    if (end && t > step) points.push(end);
    return points;
  };
  node.value = value;
  node.x = value && x.at(value[0]);
  node.y = value && y.at(value[1]);
  for (const part of [node.mark, node.name]) reveal(part, value);
  if (value) {
    node.mark.setAttribute("transform", `translate(${node.x.toFixed(2)},${node.y.toFixed(2)})`);
    taken.push({ x0: node.x - 6, x1: node.x + 6, y0: node.y - 6, y1: node.y + 6 });
  }
  const trails = state.trails && value, all = state.runs === "all";
  node.old.setAttribute("d", trails ? path(between(run, 0)) : "");
  node.trail.setAttribute("d", trails ? path(between(run, step - TAIL)) : "");
  const stops = trails ? STOPS.filter((s) => s <= step).map((s) => valueAt(e, run, l, s)).filter(Boolean) : [];
  node.stops.setAttribute("d", stops.map((v) => `M${at(v)}h0`).join(""));
  const single = all ? data.runs.map((_, r) => valueAtTime(e, r + 1, l, t)).filter(Boolean) : [];
  node.runs.setAttribute("d", single.map((v) => `M${at(v)}h0`).join(""));
  const other = isCompared(e, step) ? valueAtTime(state.compare, run, l, t) : null;
  for (const part of [node.lead, node.outline]) reveal(part, other && value);
  if (other && value) {
    const [ox, oy] = [x.at(other[0]), y.at(other[1])];
    node.outline.setAttribute("transform", `translate(${ox.toFixed(2)},${oy.toFixed(2)})`);
    filled(node.lead, { x1: ox, y1: oy, x2: node.x, y2: node.y }, []);
  }
}

// The name of each layer beside its mark, where it is free; a name keeps its side while it can.
const SIDES = [[10, -8], [10, 16], [-24, -8], [-24, 16], [-7, -14], [-7, 24], [16, 4], [-30, 4]];
function nameMarks({ layers, box: [left, top, right, bottom] }, taken) {
  for (const node of layers.filter((n) => n.value)) {
    const boxOf = ([dx, dy]) => ({ x0: node.x + dx, x1: node.x + dx + 15, y0: node.y + dy - 10, y1: node.y + dy + 3 });
    const free = (side) => {
      const b = boxOf(SIDES[side]);
      return b.x0 > left && b.x1 < right + 8 && b.y0 > top - 14 && b.y1 < bottom
        && taken.every((o) => b.x1 < o.x0 || b.x0 > o.x1 || b.y1 < o.y0 || b.y0 > o.y1);
    };
    const side = [node.side, ...SIDES.keys()].find(free);
    reveal(node.name, side !== undefined);
    if (side === undefined) continue;
    node.side = side;
    taken.push(boxOf(SIDES[side]));
    filled(node.name, { x: (node.x + SIDES[side][0]).toFixed(1), y: (node.y + SIDES[side][1]).toFixed(1) }, []);
  }
}

function describe(panel, step) {
  const measured = epochOf(panel.e, step), estimator = data.estimators[panel.e];
  const own = estimator.ownScale ? "own scale" : "";
  const late = measured === null ? "not measured yet" : measured === data.epochs[step] ? "" : `measured at epoch ${count(measured)}`;
  const some = estimator.runs < data.all_runs ? `${estimator.runs} of ${data.all_runs} runs` : "";
  panel.held.textContent = [own, some, late].filter(Boolean).join(", ");
  const values = panel.layers.filter((n) => n.value).map((n) => `${layerName(data.layers[n.l])}: ${n.value.map((v) => v.toFixed(2)).join(", ")}`);
  panel.root.setAttribute("aria-label", `Information plane by ${estimator.name} at epoch ${data.epochs[step]}, I(X;T) and I(T;Y) in bits. ${values.join("; ")}.`);
}

function pointAt(panel, event) {
  const box = panel.root.getBoundingClientRect(), [px, py] = [event.clientX - box.left, event.clientY - box.top];
  const marks = panel.layers.filter((n) => n.value);
  const distances = marks.map((n) => Math.hypot(n.x - px, n.y - py)), least = Math.min(...distances);
  if (!(least < NEAR)) return hideTip();
  const node = marks[distances.indexOf(least)], layer = data.layers[node.l], several = series() === MEAN && data.runs.length > 1;
  const spread = several ? spreadAt(panel.e, node.l, state.step).map(([a, b]) => `${a.toFixed(3)} to ${b.toFixed(3)}`) : ["", ""];
  return showTip({
    title: `${layerName(layer)} by ${data.estimators[panel.e].name}`,
    rows: [["epoch", count(epochOf(panel.e, state.step) ?? 0)], ["units", String(layer.units)],
      ["I(X;T)", `${minus(node.value[0].toFixed(3))} bits`], [several ? "single runs" : "", spread[0]],
      ["I(T;Y)", `${minus(node.value[1].toFixed(3))} bits`], [several ? "single runs" : "", spread[1]]],
  }, () => {
    const b = panel.root.getBoundingClientRect();
    return { left: b.left + node.x, right: b.left + node.x, top: b.top + node.y - 6, bottom: b.top + node.y + 6 };
  });
}
