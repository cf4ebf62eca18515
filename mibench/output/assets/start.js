// Controls and legends. A change of the selection redraws what depends on it.

const figures = () => { drawHeat(); drawTruth(); drawSize(); drawCost(); writeAddress(); };

function update() {
  hideTip();
  for (const node of document.querySelectorAll("[data-units]")) node.textContent = state.units;
  offer();
  drawFinding();
  drawBoard();
  drawLegends();
  figures();
}

const PAPER = 940; // pixels across a landscape page of A4 or Letter
const option = (value, text) => el("option", { value }, text);

function offer() {
  const shown = tasks();
  byId("size-case").replaceChildren(option(-1, `all ${counted(shown.length, "task")} selected above`), ...shown.map((t) => option(t, data.tasks[t].name)));
  if (!shown.includes(state.task)) state.task = -1;
  byId("size-case").value = state.task;
  const none = (group, n, width) => viewOf(group, n, width) === undefined;
  for (const o of byId("group").options) o.disabled = none(Number(o.value), state.n, state.width);
  for (const o of byId("samples").options) o.disabled = none(state.group, Number(o.value), state.width);
  for (const o of byId("dims").options) o.disabled = none(state.group, state.n, Number(o.value));
}

function drawLegends() {
  for (const legend of document.querySelectorAll(".legend")) {
    const had = legend.contains(document.activeElement) ? document.activeElement.dataset.e : null;
    legend.replaceChildren(...matchingEstimators().map((e) => {
      const toggle = () => {
        if (!state.hidden.delete(e)) state.hidden.add(e);
        drawLegends();
        figures();
      };
      return el("button", { type: "button", class: "chip", "data-e": e, "aria-pressed": String(!state.hidden.has(e)), onclick: toggle },
        sign(e), data.estimators[e].name);
    }));
    if (had !== null) legend.querySelector(`[data-e="${had}"]`)?.focus();
  }
}

function listen() {
  const choose = (id, key, redraw = update) => byId(id).addEventListener("change", () => { state[key] = Number(byId(id).value); redraw(); writeAddress(); });
  choose("group", "group");
  choose("samples", "n");
  choose("dims", "width");
  choose("size-case", "task", drawSize);
  byId("text").addEventListener("input", () => { state.text = byId("text").value.trim(); update(); });
  byId("order").addEventListener("change", () => { state.order = byId("order").value; drawHeat(); writeAddress(); });
  for (const [name, redraw] of [["units", update], ["panels", drawTruth]]) {
    for (const radio of document.querySelectorAll(`input[name="${name}"]`)) {
      radio.checked = radio.value === state[name];
      radio.addEventListener("change", () => { state[name] = radio.value; redraw(); writeAddress(); });
    }
  }
  byId("bar").addEventListener("submit", (event) => event.preventDefault());
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; hideTip(); figures(); } });
  addEventListener("beforeprint", () => {
    for (const d of document.querySelectorAll("details")) d.open = true;
    for (const t of document.querySelectorAll("table")) t.style.zoom = Math.min(1, PAPER / t.scrollWidth);
  });
  addEventListener("afterprint", () => { for (const t of document.querySelectorAll("table")) t.style.zoom = ""; });
}

const sizeOf = (g) => data.tasks.filter((t) => t.groups.includes(g)).length;
byId("made").textContent = `· ${data.made}`;
byId("group").append(...data.groups.map((g, index) => option(index, index ? `${g.name} (${sizeOf(index) < g.of ? `${sizeOf(index)} of ` : ""}${g.of})` : `all ${count(g.of)}`)));
byId("samples").append(option(0, data.sizes.length > 1 ? "every n" : `n = ${count(data.sizes[0])}`), ...(data.sizes.length > 1 ? data.sizes.map((n, index) => option(index + 1, `n = ${count(n)}`)) : []));
byId("dims").append(option(0, "any"), ...data.widths.map((name, index) => option(index + 1, name)));
buildBoard();
readAddress();
listen();
byId("heat-frame").after(el("p", { class: "note" }, link("Download this table as CSV", fileName("errors", "csv"), errorsCsv)));
listenToHeat();
update();
drawFailures();
drawRecipe();
