// The ranking, its CSV, failures, flags, and how to reproduce.

const COLUMNS = [
  ["rank", "Rank", (r) => r.rank],
  ["name", "Estimator", (r) => data.estimators[r.estimator].name],
  ["rmse_nats", "RMSE", (r) => r.rmse_nats],
  ["bias_nats", "Bias", (r) => r.bias_nats],
  ["mae_nats", "MAE", (r) => r.mae_nats],
  ["relative_error", "Relative error", (r) => r.relative_error],
  ["wins", "Best in", (r) => r.wins],
  ["failure_rate", "Failed", (r) => r.failure_rate],
  ["seconds", "Time", (r) => r.seconds],
  ["memory", "Memory", (r) => r.memory],
  ["efficient", "Efficient", (r) => Number(!r.efficient)],
];
// The columns of the CSV file. Its numbers are in the selected units.
const EXPORTED = [
  "rank", "estimator", "rmse_nats", "rmse_low_nats", "rmse_high_nats", "bias_nats", "bias_low_nats",
  "bias_high_nats", "mae_nats", "relative_error", "cells", "wins", "failures", "failure_rate",
  "seconds", "memory", "efficient",
];

function sorted() {
  const value = COLUMNS.find(([key]) => key === state.sort)[2];
  const order = (a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return (x === null) - (y === null); // missing values come last
    return (state.up ? 1 : -1) * (typeof x === "string" ? x.localeCompare(y) : x - y);
  };
  return view().rows.filter((r) => matches(r.estimator)).sort(order);
}

function buildBoard() {
  byId("board").tHead.rows[0].append(...COLUMNS.map(([key, heading]) => {
    const sort = () => {
      state.up = state.sort === key ? !state.up : true;
      state.sort = key;
      drawBoard();
      writeAddress();
    };
    return el("th", { scope: "col", "data-key": key, class: key === "name" || key === "rmse_nats" ? "words" : null },
      el("button", { type: "button", onclick: sort }, heading));
  }));
}

function drawBoard() {
  const rows = sorted(), all = view();
  for (const th of byId("board").tHead.rows[0].cells) {
    const sorts = th.dataset.key === state.sort;
    th.setAttribute("aria-sort", sorts ? (state.up ? "ascending" : "descending") : "none");
  }
  const top = Math.max(...all.rows.map((r) => r.rmse_high_nats ?? r.rmse_nats ?? 0)) || 1;
  byId("board").tBodies[0].replaceChildren(...rows.map((r) => el("tr", {},
    el("td", {}, r.rmse_nats === null ? NONE : String(r.rank)),
    el("th", { scope: "row", class: "spec" }, sign(r.estimator), " ", el("span", {}, ...breakable(data.estimators[r.estimator].name))),
    el("td", { class: "words" }, el("span", {}, mi(r.rmse_nats)), el("span", { class: "range" }, range(r.rmse_low_nats, r.rmse_high_nats)), dot(r, top)),
    el("td", {}, mi(r.bias_nats, 3, true)),
    el("td", {}, mi(r.mae_nats)),
    el("td", {}, percent(r.relative_error)),
    el("td", {}, String(r.wins)),
    el("td", {}, percent(r.failure_rate)),
    el("td", {}, duration(r.seconds)),
    el("td", {}, bytes(r.memory)),
    el("td", {}, r.efficient ? "yes" : el("span", { class: "soft" }, "no")),
  )));
  if (!rows.length) {
    const why = all.rows.length ? "No estimator has this text in its name." : "This selection has no tasks.";
    byId("board").tBodies[0].append(el("tr", {}, el("td", { class: "empty", colspan: COLUMNS.length }, why)));
  }
  byId("csv").href = csvOf(csv(rows));
  const used = Math.max(0, ...all.rows.map((r) => r.cells));
  byId("judged").textContent = `In ${state.units}, over the ${count(used)} samples on which no estimator failed`
    + (used < all.of ? `, out of ${count(all.of)} in this selection. A sample is left out for all estimators if one of them failed or was not run on it.` : ".")
    + (used && all.rows.some((r) => !r.cells) ? " Estimators with estimates for less than half of the tasks are not ranked." : "");
}

function dot(r, top) {
  const at = (v) => 6 + (78 * v) / top;
  if (r.rmse_nats === null) return null;
  const [low, high] = [r.rmse_low_nats ?? r.rmse_nats, r.rmse_high_nats ?? r.rmse_nats];
  return svg("svg", { class: "dot", width: 90, height: 12, viewBox: "0 0 90 12", "aria-hidden": "true" },
    svg("line", { class: "grid", x1: 2, x2: 88, y1: 6, y2: 6, style: { stroke: "var(--rule)" } }),
    svg("line", { x1: at(low), x2: at(high), y1: 6, y2: 6, style: { stroke: colour(r.estimator), strokeWidth: 3 } }),
    mark(r.estimator, at(r.rmse_nats), 6, 3.6));
}

function csv(rows) {
  const value = (r, key) => (key === "estimator" ? data.estimators[r.estimator].name : key.endsWith("_nats") ? inUnits(r[key]) : r[key]);
  const heading = EXPORTED.map((key) => key.replace(/_nats$/, `_${state.units}`));
  return [heading, ...rows.map((r) => EXPORTED.map((key) => value(r, key)))];
}

function drawFinding() {
  const { rows } = view(), ranked = rows.filter((r) => r.rmse_nats !== null);
  const names = (group) => joined(group.map((r) => data.estimators[r.estimator].name));
  const first = ranked.filter((r) => r.rank === 1), best = ranked[0];
  let text;
  if (!ranked.length) text = "No estimator succeeded here, so there is nothing to rank.";
  else {
    const error = `${mi(best.rmse_nats)} ${state.units}`;
    const size = `an RMSE of ${error}${best.rmse_low_nats === null ? "" : ` (95 % interval ${mi(best.rmse_low_nats)} to ${mi(best.rmse_high_nats)})`}`;
    if (ranked.length === 1) text = `${names([best])} has ${size}; no other estimator succeeded, so there is no comparison.`;
    else if (best.rmse_low_nats === null) text = `${names([best])} leads with ${size}; with one sample this may be due to chance.`;
    else if (first.length === 1) text = `${names([best])} leads with ${size}, and is significantly better than every other estimator.`;
    else text = `${names([best])} has the smallest error, ${size}, but ${names(first)} share rank 1: no estimator is significantly better than any of them.`;
    const { of } = view(), used = Math.max(...rows.map((r) => r.cells));
    if (used < 0.9 * of) text += ` Caution: this is based on ${count(used)} of ${count(of)} samples, those on which no estimator failed.`;
  }
  byId("finding").textContent = text;
}

const table = (headings, rows, kind = "frame part") =>
  el("div", { class: kind, tabindex: 0, role: "region", "aria-label": headings.join(", ") },
    el("table", {}, el("thead", {}, el("tr", {}, ...headings.map(([name, of]) => el("th", { scope: "col", class: of }, name)))),
      el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((value, column) => el("td", { class: headings[column][1] }, value)))))));

function drawFailures() {
  const failures = unpack(data.failures), flags = unpack(data.flags);
  const name = (e) => data.estimators[e].name;
  const alike = new Map(); // the same failure on several tasks is one row
  for (const f of failures) {
    const key = JSON.stringify([f.estimator, f.n, f.error]);
    alike.set(key, [...(alike.get(key) ?? []), f]);
  }
  byId("failed").append(el("h3", {}, "Failures"), failures.length
    ? table([["Estimator", "words"], ["n", ""], ["Times", ""], ["Message", "words wrap"], ["Tasks", "words wrap"]],
      [...alike.values()].map((group) => [name(group[0].estimator), count(data.sizes[group[0].n]),
        count(group.reduce((sum, f) => sum + f.times, 0)), group[0].error,
        group.length === 1 ? data.tasks[group[0].task].name
          : el("details", {}, el("summary", {}, counted(group.length, "task")), group.map((f) => data.tasks[f.task].name).join(", "))]))
    : el("p", { class: "note" }, "No estimate failed."));
  if (failures.length) {
    byId("failed").append(link("Download as CSV", fileName("failures", "csv"), () => csvOf([["estimator", "task", "n", "times", "error"],
      ...failures.map((f) => [name(f.estimator), data.tasks[f.task].name, data.sizes[f.n], f.times, f.error])])));
  }
  byId("flagged").append(el("h3", {}, "Flags"), flags.length
    ? table([["Flag", "words"], ["Meaning", "words wrap"], ["Raised in estimates", "words wrap"]],
      [...new Set(flags.map((f) => f.flag))].map((flag) => [flag, data.meanings[flag] ?? "",
        flags.filter((f) => f.flag === flag).map((f) => `${name(f.estimator)} ${count(f.cells)} of ${count(f.of)}`).join(", ")]))
    : el("p", { class: "note" }, "No estimate was flagged."));
  if (flags.length) {
    byId("flagged").append(link("Download as CSV", fileName("flags", "csv"), () => csvOf([["flag", "estimator", "estimates", "of"],
      ...flags.map((f) => [f.flag, name(f.estimator), f.cells, f.of])])));
  }
}

function drawRecipe() {
  const { commands, earlier, machines, libraries } = data.reproduce;
  const session = data.estimators.filter((e) => e.session).map((e) => e.name);
  const unknown = data.tasks.filter((t) => t.source === undefined).map((t) => t.name);
  const old = data.tasks.filter((t) => t.current !== undefined && t.versions.some((v) => v !== t.current));
  const facts = [
    ["Estimators from", joined([...new Set(data.estimators.flatMap((e) => e.versions))])],
    ["Libraries", libraries.join("; ")], ["Machine", machines.join("; ")],
    ["Seeds", data.seeds.join(", ")],
    ["Estimates", `${count(data.counts.cells)}, ${data.counts.failed ? count(data.counts.failed) : "none"} failed`],
    ["Page made on", data.made],
    ["Defined in a session only", joined(session) && `${joined(session)}: register before running`],
    ["Earlier results, not run again", joined(earlier)],
    ["Tasks not installed here", joined(unknown)],
    ["Tasks of another version", joined(old.map((t) => t.name))],
  ];
  byId("recipe").append(
    el("pre", {}, commands.join("\n")),
    el("p", { class: "note" }, "With these versions the numbers are reproduced exactly. Times depend on the machine."),
    el("dl", { class: "facts" }, ...facts.filter(([, v]) => v).flatMap(([k, v]) => [el("dt", {}, k), el("dd", {}, v)])),
    el("h3", {}, "Parameters"),
    table([["Estimator", "words"], ["Parameters", "words wrap"], ["From", "words"]],
      data.estimators.map((e) => [e.name, e.parameters.map(readable).join("; ") || "none", e.versions.join("; ")])),
    el("details", {}, el("summary", {}, `The ${counted(data.tasks.length, "task")}, with the source of each true value`),
      table([["Task", "words"], ["Dimensions", ""], ["True MI in nats", ""], ["Version", ""], ["Source", "words wrap"]],
        data.tasks.map((t) => [t.name, t.dims.join(" + "), String(Number(t.mi.toFixed(4))), t.versions.join(", "), t.source ?? "not in the catalogue"]))),
  );
}

function readable(json) {
  try {
    return Object.entries(JSON.parse(json)).map(([k, v]) => `${k} = ${typeof v === "string" ? v : JSON.stringify(v)}`).join(", ");
  } catch {
    return json;
  }
}
