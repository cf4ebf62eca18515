// The player: a slider over the epochs above the errors of the networks, and what plays it.

const STEP_MS = Math.max(60, Math.min(400, 12_000 / data.epochs.length)); // of one step
const EDGE = 9; // pixels from the edge of the slider to the middle of its knob at the end
const KINDS = [["train", "#0072B2"], ["test", "#D55E00"]]; // the colours of the figure of errors
const ICONS = { play: "M7 4.5v15l13-7.5z", pause: "M6 4.5h4v15H6zM14 4.5h4v15h-4z" };
const still = matchMedia("(prefers-reduced-motion: reduce)");
const slider = byId("slider");
let playing = null; // {t, last}: time, and when it was drawn

function drawTimeline() {
  const place = byId("time"), width = place.clientWidth, root = place.querySelector("svg");
  const curves = data.errors ? 34 : 0, height = curves + 42, at = (s) => EDGE + (LAST ? s / LAST : 0) * (width - 2 * EDGE);
  filled(root, { viewBox: `0 0 ${width} ${height}`, width, height }, []);
  slider.style.top = `${curves}px`;
  const parts = [];
  if (data.errors) {
    const run = series(), values = KINDS.map(([kind]) => data.errors[kind][run]);
    const most = Math.max(1, ...values.flat());
    const up = (v) => 2 + (1 - v / most) * (curves - 4);
    KINDS.forEach(([, colour], k) => {
      const points = values[k].map((v, s) => (v === null ? null : `${at(s).toFixed(1)},${up(v).toFixed(1)}`)).filter(Boolean);
      parts.push(svg("polyline", { class: "rate", points: points.join(" "), style: { stroke: colour } }));
    });
  }
  let right = -Infinity;
  for (const epoch of [data.epochs[LAST], ...DECADES.filter((d) => d >= data.epochs[0] && d < data.epochs[LAST])]) {
    const px = at(stepOfEpoch(epoch)), text = count(epoch), half = 3.4 * text.length, isLast = epoch === data.epochs[LAST];
    const clash = isLast ? false : px - half < right + 8 || px + half > at(LAST) - 7 * count(data.epochs[LAST]).length;
    if (clash) continue;
    if (!isLast) right = px + half;
    parts.push(svg("line", { class: "tick", x1: px, x2: px, y1: curves + 20, y2: curves + 25 }),
      svg("text", { x: isLast && LAST ? px + 6 : epoch ? px : px - 3, y: curves + 38, "text-anchor": !LAST || !epoch ? "start" : isLast ? "end" : "middle" }, text));
  }
  root.replaceChildren(...parts, svg("line", { id: "cursor", y1: 0, y2: curves + 4 }));
}

// Show the time t: the planes, and for its epoch the numbers.
function show(t) {
  const step = Math.min(Math.floor(t), LAST), epoch = data.epochs[step], width = byId("time").clientWidth;
  state.step = step;
  drawTime(t);
  slider.value = step;
  slider.setAttribute("aria-valuetext", `epoch ${epoch}`);
  slider.style.setProperty("--done", LAST ? t / LAST : 0);
  byId("epoch").textContent = count(epoch);
  const px = EDGE + (LAST ? t / LAST : 0) * (width - 2 * EDGE);
  filled(byId("cursor"), { x1: px, x2: px }, []);
  if (data.errors) {
    byId("rates").replaceChildren(...KINDS.map(([kind, colour]) => {
      const v = data.errors[kind][series()][step];
      return el("span", { class: "rate-of" }, el("i", { style: { background: colour } }), `${kind} error `, el("b", {}, v === null ? "–" : `${(v / 100).toFixed(1)} %`));
    }));
  }
  if (!playing) drawValues();
}

function goTo(step) {
  pause();
  hideTip();
  show(Math.min(Math.max(step, 0), LAST));
  writeAddress();
}

function play() {
  if (playing || !LAST) return;
  hideTip();
  playing = { t: state.step >= LAST ? 0 : state.step, last: performance.now() };
  drawButton();
  requestAnimationFrame(advance);
}
function advance(now) {
  if (!playing) return;
  playing.t = Math.min(LAST, playing.t + Math.min(Math.max(0, now - playing.last), 200) / STEP_MS);
  playing.last = now;
  show(still.matches ? Math.floor(playing.t) : playing.t);
  if (playing.t >= LAST) goTo(LAST); else requestAnimationFrame(advance);
}
function pause() {
  if (!playing) return;
  playing = null;
  drawButton();
}
function toggle() {
  if (playing) goTo(state.step); else play();
}
function drawButton() {
  const what = playing ? "pause" : "play";
  byId("play").querySelector("path").setAttribute("d", ICONS[what]);
  byId("play").setAttribute("aria-label", playing ? "Pause" : "Play");
  byId("epoch").setAttribute("aria-live", playing ? "off" : "polite"); // not every epoch of a film
}

slider.max = LAST;
slider.addEventListener("input", () => goTo(Number(slider.value)));
byId("play").addEventListener("click", toggle);
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const on = event.target, isSlider = on === slider;
  if (event.key === " " && (isSlider || !on.closest("button, select, a, summary"))) {
    event.preventDefault();
    toggle();
  }
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step && !isSlider && !on.closest("select, .frame")) {
    event.preventDefault();
    goTo(state.step + step);
  }
});
