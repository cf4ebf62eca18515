// What the pages of mibench share: nodes, the tooltip, shapes, axes, pictures as files. Names come
// from somebody else, so text is only put into text nodes and attributes.

const byId = (id) => document.getElementById(id);
const minus = (text) => text.replace("-", "−");

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") Object.assign(node.style, value);
    else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}
const el = (tag, attributes = {}, ...children) => filled(document.createElement(tag), attributes, children);
const svg = (tag, attributes = {}, ...children) =>
  filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

// The shape of a marker, named as in matplotlib, around (x, y).
const OUTLINES = {
  s: [[-1, -1], [1, -1], [1, 1], [-1, 1]],
  D: [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]],
  "^": [[0, -1.25], [1.2, 0.95], [-1.2, 0.95]],
  v: [[0, 1.25], [1.2, -0.95], [-1.2, -0.95]],
  "<": [[-1.25, 0], [0.95, -1.2], [0.95, 1.2]],
  ">": [[1.25, 0], [-0.95, -1.2], [-0.95, 1.2]],
  p: [[0, -1.2], [1.14, -0.37], [0.7, 0.97], [-0.7, 0.97], [-1.14, -0.37]],
  P: [[-0.45, -1.25], [0.45, -1.25], [0.45, -0.45], [1.25, -0.45], [1.25, 0.45], [0.45, 0.45],
    [0.45, 1.25], [-0.45, 1.25], [-0.45, 0.45], [-1.25, 0.45], [-1.25, -0.45], [-0.45, -0.45]],
  X: [[-1.2, -0.6], [-0.6, -1.2], [0, -0.55], [0.6, -1.2], [1.2, -0.6], [0.55, 0], [1.2, 0.6],
    [0.6, 1.2], [0, 0.55], [-0.6, 1.2], [-1.2, 0.6], [-0.55, 0]],
};
function shape(marker, x, y, r, attributes = {}) {
  const outline = OUTLINES[marker];
  if (!outline) return svg("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r, ...attributes });
  const points = outline.map(([a, b]) => `${(x + 0.92 * a * r).toFixed(1)},${(y + 0.92 * b * r).toFixed(1)}`);
  return svg("polygon", { points: points.join(" "), ...attributes });
}

// The tooltip. Escape closes it. It is a live region, so that screen readers read it.

const tip = byId("tip");
let anchor = () => null; // returns the box on the screen that the tooltip belongs to
function showTip({ title, rows }, where) {
  const lines = rows.filter(([, value]) => value !== "" && value !== null);
  tip.replaceChildren(
    el("b", {}, title),
    el("dl", {}, ...lines.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
  );
  tip.hidden = false;
  anchor = where;
  placeTip();
}
function placeTip() {
  if (tip.hidden) return;
  const box = anchor();
  tip.style.visibility = box.bottom < 0 || box.top > innerHeight ? "hidden" : "visible";
  const { width, height } = tip.getBoundingClientRect();
  const left = Math.min(Math.max(8, (box.left + box.right - width) / 2), innerWidth - width - 8);
  const above = box.top - height - 10;
  tip.style.left = `${left}px`;
  tip.style.top = `${above > 4 ? above : Math.min(box.bottom + 10, innerHeight - height - 4)}px`;
}
const hideTip = () => { tip.hidden = true; };
addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
addEventListener("scroll", placeTip, { passive: true, capture: true });

// A scale: value -> pixel, its ticks (at least `gap` pixels apart), and the text of a tick.
function scaleOf(transform, low, high, from, to, candidates, gap, text = plain) {
  const [a, b] = [transform(low), transform(high)];
  const at = (v) => from + ((transform(v) - a) / (b - a)) * (to - from);
  const ticks = [];
  for (const v of candidates.filter((v) => v >= low - 1e-12 && v <= high * (1 + 1e-9) + 1e-12)) {
    if (ticks.every((t) => Math.abs(at(t) - at(v)) >= gap)) ticks.push(v);
  }
  return { at, ticks, text };
}
const plain = (v) => minus(Math.abs(v) >= 1e4 || (v && Math.abs(v) < 1e-3) ? v.toExponential(0) : String(Number(v.toPrecision(3))));

// Grid, axes, ticks and titles around a plot of width x height.
function axes(width, height, m, x, y, titles) {
  const [right, bottom] = [width - m.right, height - m.bottom], parts = [];
  for (const v of x.ticks) {
    parts.push(svg("line", { class: "grid", x1: x.at(v), x2: x.at(v), y1: m.top, y2: bottom }),
      svg("line", { class: "axis-line", x1: x.at(v), x2: x.at(v), y1: bottom, y2: bottom + 4 }),
      svg("text", { x: x.at(v), y: bottom + 17, "text-anchor": "middle" }, x.text(v)));
  }
  for (const v of y.ticks) {
    parts.push(svg("line", { class: "grid", x1: m.left, x2: right, y1: y.at(v), y2: y.at(v) }),
      svg("line", { class: "axis-line", x1: m.left - 4, x2: m.left, y1: y.at(v), y2: y.at(v) }),
      svg("text", { x: m.left - 7, y: y.at(v) + 4, "text-anchor": "end" }, y.text(v)));
  }
  parts.push(svg("path", { class: "axis-line", d: `M${m.left},${m.top}V${bottom}H${right}` }));
  if (titles) {
    parts.push(svg("text", { class: "axis", x: (m.left + right) / 2, y: height - 4, "text-anchor": "middle" }, titles[0]),
      svg("text", { class: "axis", x: m.left - 7, y: m.top - 10, "text-anchor": "start", dx: 7 - m.left }, titles[1]));
  }
  return parts;
}

// What can be saved.

const OF_SHAPES = { fill: "rgb(0, 0, 0)", stroke: "none", "stroke-width": "1px", "stroke-dasharray": "none", "stroke-linecap": "butt", "stroke-linejoin": "miter", "paint-order": "normal", opacity: "1" }; // and their defaults
const OF_TEXT = { ...OF_SHAPES, "font-family": "", "font-size": "", "text-anchor": "start" };
const fileName = (name, ending) => `mibench-${name.replace(/[^A-Za-z0-9.=-]+/g, "-").slice(0, 80)}.${ending}`;
const link = (text, file, make) =>
  el("a", { class: "save", download: file, href: "#", onclick: (event) => { event.currentTarget.href = make(); } }, text);

// The chart as the address of a file: the styles of the page become attributes. below: what the file
// has beneath it.
function svgFile(root, below = { nodes: [], height: 0 }) {
  const copy = root.cloneNode(true), originals = [root, ...root.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((node, i) => {
    const style = getComputedStyle(originals[i]);
    if (style.display === "none") return node.remove();
    for (const name of ["class", "style", "tabindex", "role", "aria-label"]) node.removeAttribute(name);
    for (const [name, initial] of Object.entries(node.tagName === "text" ? OF_TEXT : OF_SHAPES)) {
      const value = style.getPropertyValue(name);
      if (value !== initial && node.tagName !== "g" && node.tagName !== "svg") node.setAttribute(name, value);
    }
    if (node.tagName === "g" && style.opacity !== "1") node.setAttribute("opacity", style.opacity);
    return null;
  });
  const [width, height] = ["width", "height"].map((name) => Number(root.getAttribute(name)));
  const tall = height + below.height;
  filled(copy, { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${tall}`, width, height: tall }, below.nodes);
  copy.prepend(svg("rect", { width, height: tall, fill: getComputedStyle(document.body).backgroundColor }));
  return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
}

byId("theme").addEventListener("click", () => {
  const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = (root.dataset.theme ?? (dark ? "dark" : "light")) === "dark" ? "light" : "dark";
});
