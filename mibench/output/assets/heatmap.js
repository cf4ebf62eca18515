// The table of errors, tasks by estimators, in colours of the signed error.

const LINEAR_NATS = 0.1; // colours change linearly up to this error, and with its logarithm beyond
const furthest = Math.max(0.5, ...summaries.map((c) => Math.abs(c.bias_nats ?? 0)));
const share = (nats) => Math.sign(nats) * Math.min(1, Math.asinh(Math.abs(nats) / LINEAR_NATS) / Math.asinh(furthest / LINEAR_NATS));

// Blue below the true value, red above, in equal steps of lightness, so that readers with any colour
// vision can distinguish them. In the dark theme the middle is dark and the ends are light.
function shade(t) {
  const size = Math.abs(t), hue = t < 0 ? 252 : 36, chroma = (0.155 * size ** 0.75).toFixed(3);
  const [light, dark] = [0.965 - 0.505 * size, 0.255 + 0.515 * size];
  const tint = (l) => `oklch(${l.toFixed(3)} ${chroma} ${hue})`;
  const ink = (l) => (l < 0.56 ? "#fff" : "#000"); // contrast at least 4.5 with either
  return {
    background: `light-dark(${tint(light)}, ${tint(dark)})`,
    text: `light-dark(${ink(light)}, ${ink(dark)})`,
  };
}

const ORDERS = {
  truth: (a, b) => a.mi - b.mi || a.name.localeCompare(b.name),
  name: (a, b) => a.name.localeCompare(b.name),
  dims: (a, b) => a.dims[0] + a.dims[1] - b.dims[0] - b.dims[1] || a.mi - b.mi,
};

function drawHeat() {
  const estimators = visibleEstimators(), at = sizes();
  const rows = tasks().sort((a, b) => ORDERS[state.order](data.tasks[a], data.tasks[b]));
  const head = (text, kind = "") => el("th", { scope: "col", rowspan: 2, class: kind }, text);
  byId("heat").tHead.replaceChildren(
    el("tr", {}, head("Task", "case"), head("Dims", "far"), head("True MI", "far"),
      ...estimators.map((e) => el("th", { scope: "colgroup", colspan: at.length, class: "of" }, sign(e), " ", ...breakable(data.estimators[e].name)))),
    el("tr", {}, ...estimators.flatMap(() => at.map((s) => el("th", { scope: "col", class: "n" }, el("span", {}, `n=${data.sizes[s]}`))))),
  );
  byId("heat").tBodies[0].replaceChildren(...rows.filter((t) => estimators.some((e) => at.some((s) => summaryAt.has(`${t},${s},${e}`)))).map((t) => {
    const task = data.tasks[t];
    return el("tr", {}, el("th", { scope: "row" }, el("span", {}, ...breakable(task.name))), el("td", { class: "far soft" }, task.dims.join("+")),
      el("td", { class: "far" }, mi(task.mi, 2)), ...estimators.flatMap((e) => at.map((s, index) => heatCell(`${t},${s},${e}`, index === 0))));
  }));
  const first = byId("heat").querySelector("td[data-at]");
  if (first) first.tabIndex = 0;
  drawScale();
  stickSecondRow();
}

function heatCell(key, edge) {
  const c = summaryAt.get(key), kind = `cell${edge ? " edge" : ""}`;
  if (!c) return el("td", { class: kind, "aria-label": "not run" });
  if (c.failures === c.seeds) return el("td", { class: `${kind} none`, "data-at": key, tabindex: -1, "aria-label": "failed" }, "✕");
  const { background, text } = shade(share(c.bias_nats));
  return el("td", {
    class: `${kind}${c.best ? " best" : ""}${c.failures ? " some" : ""}`, "data-at": key, tabindex: -1,
    style: { backgroundColor: background, color: text },
  }, mi(c.bias_nats, 2, true));
}

// Lets the second row of headings stick below the first, whose height varies.
function stickSecondRow() {
  const [first, second] = byId("heat").tHead.rows;
  const height = Math.min(...[...first.cells].slice(3).map((th) => th.offsetHeight));
  for (const th of second.cells) th.style.top = `${Number.isFinite(height) ? height : 0}px`;
}

function drawScale() {
  const steps = 48, top = inUnits(furthest);
  const strip = Array.from({ length: steps + 1 }, (_, i) => el("i", { style: { background: shade((2 * i) / steps - 1).background } }));
  const place = (v) => 50 + 50 * share(state.units === "bits" ? v * Math.LN2 : v);
  const positive = [];
  for (const v of [0, 10, 1, 0.1, 5, 2, 0.5, 0.2, 20, 50, 100].filter((v) => v <= top)) {
    if (positive.every((k) => Math.abs(place(k) - place(v)) > 6)) positive.push(v);
  }
  const ticks = positive.flatMap((v) => (v ? [-v, v] : [0]));
  byId("scale").replaceChildren(el("div", { class: "scale" },
    el("div", { class: "ends" }, el("span", {}, "too low"), el("span", {}, `estimate − true value (${state.units})`), el("span", {}, "too high")),
    el("div", { class: "strip", "aria-hidden": "true" }, ...strip),
    el("div", { class: "ticks" }, ...ticks.map((v) => el("span", { style: { left: `${place(v)}%` } }, minus(String(v))))),
    el("div", { class: "keys" }, el("span", {}, el("i", { class: "some" }), "some seeds failed"), el("span", {}, el("i", { class: "none" }), "✕ all failed")),
  ));
}

function listenToHeat() {
  const body = byId("heat").tBodies[0];
  const show = (event) => {
    const td = event.target.closest?.("td[data-at]");
    if (td) showTip(tipOfSummary(summaryAt.get(td.dataset.at)), () => td.getBoundingClientRect());
    else hideTip();
  };
  for (const kind of ["pointerover", "focusin", "click"]) body.addEventListener(kind, show);
  body.addEventListener("pointerleave", hideTip);
  body.addEventListener("focusout", hideTip);
  body.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    const td = event.target.closest("td");
    if (!step || !td) return;
    event.preventDefault();
    let [row, column] = [td.parentNode.sectionRowIndex + step[0], td.cellIndex + step[1]];
    let next = body.rows[row]?.cells[column];
    while (next && next.dataset.at === undefined && next.cellIndex > 2) next = body.rows[(row += step[0])]?.cells[(column += step[1])];
    if (next?.dataset.at === undefined) return;
    td.tabIndex = -1;
    next.tabIndex = 0;
    next.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
    requestAnimationFrame(() => next.focus({ preventScroll: true }));
  });
}
