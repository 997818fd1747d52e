"use strict";
// What a cell of the matrix shows: a value with a bar, or in a word why there is none.
(() => {
  const { make, draw, meta, visible } = bench;
  const all = meta.candidates.map((_, candidate) => candidate);

  const firstLine = (text) => /\S[^\n\r]*/.exec(text.slice(0, 2000))?.[0].slice(0, 200) ?? "";

  // The candidates that have a row's best value, where not all have it.
  const leaders = (data, number, metric) => {
    const { direction } = meta.metrics[metric];
    const row = bench.order.rowOf(data, number, metric);
    const [low, high] = bench.order.extremes(row);
    if (direction === "none" || !(low < high)) return [];
    const best = direction === "lower" ? low : high;
    return all.filter((candidate) => row[candidate] === best);
  };

  // A metric's bounds, or where it has none the extremes of its values.
  const reaches = new Map();
  const reach = (data, metric) => {
    if (!reaches.has(metric)) {
      const { low, high } = meta.metrics[metric];
      const found = () =>
        bench.order.extremes(
          all.flatMap((candidate) => bench.order.extremes(data.column(candidate, metric))),
        );
      const [least, most] = low === null || high === null ? found() : [];
      reaches.set(metric, [low ?? Math.min(least, 0), high ?? Math.max(most, 0)]);
    }
    return reaches.get(metric);
  };
  const bar = (data, candidate, metric, value) => {
    const [low, high] = reach(data, metric);
    const share = high > low ? Math.min(100, Math.max(0, (100 * (value - low)) / (high - low))) : 0;
    return draw(
      "svg",
      { class: `sheet-bar c${meta.candidates[candidate].colour}`, "aria-hidden": "true" },
      draw("rect", { width: `${share.toFixed(1)}%`, height: "100%" }),
    );
  };

  // Why a cell has no value: a word, and a sentence.
  const lack = (data, candidate, number, metric) => {
    const rows = data.figures(candidate, number);
    const place = rows.findIndex((row) => row?.[6]);
    const output = data.output(candidate, number, Math.max(place, 0));
    if (place >= 0) return ["error", `Error: ${output.error ?? "see the case"}`];
    if (!rows.some(Boolean)) return ["not run", "Not run yet"];
    return ["unscored", `Unscored: ${output?.why?.[metric] ?? "see the case"}`];
  };

  const partly = (data, candidate, number, metric) => {
    if (meta.repeats < 2) return null;
    const scored = data.scored(candidate, number, metric);
    return make("small", null, `${scored} of ${meta.repeats}`, make("span", { class: "hidden" }, " repeats"));
  };

  const figure = (data, candidate, number, metric, best) => {
    const value = data.value(candidate, number, metric);
    if (value === null) {
      const [word, why] = lack(data, candidate, number, metric);
      return { title: why, parts: [make("span", { class: `sheet-lack ${word === "error" ? "alarm" : ""}` }, word)] };
    }
    const text = bench.show(metric, value);
    const star = best && make("span", { class: "sheet-star", "aria-hidden": "true" }, "★");
    const told = best && make("span", { class: "hidden" }, " best");
    return {
      title: `${meta.metrics[metric].label}: ${text}${best ? ", best of the row" : ""}`,
      parts: [
        make("span", { class: best ? "sheet-value best" : "sheet-value" }, star, text, told),
        partly(data, candidate, number, metric),
        bar(data, candidate, metric, value),
      ],
    };
  };

  const quote = (data, candidate, number) => {
    const output = data.outputs(candidate, number).find(Boolean);
    if (!output || !data.there(number)) return null;
    return make("span", { class: "sheet-quote", dir: "auto" }, firstLine(output.text));
  };

  const cell = (data, view, number, candidate, best) => {
    const whole = meta.metrics.length
      ? figure(data, candidate, number, view.metric, best)
      : { title: "", parts: [] };
    const cut = data.figures(candidate, number).some((row) => row?.[2] === "length");
    const title = [whole.title, cut && "Cut off at the limit of tokens"].filter(Boolean).join(". ");
    return make(
      "div",
      {
        role: "gridcell",
        class: "sheet-cell",
        tabindex: -1,
        "aria-colindex": candidate + 2,
        title: visible(title),
      },
      make("span", { class: "sheet-figure" }, whole.parts, cut && make("span", { class: "sheet-cut" }, "cut")),
      view.outputs && quote(data, candidate, number),
    );
  };

  const first = (data, view, number) => {
    const { id, given } = data.cases[number];
    const input = view.outputs && data.there(number) && data.texts[given[0]?.[1]];
    return make(
      "div",
      { role: "rowheader", class: "sheet-case", tabindex: -1, "aria-colindex": 1, title: visible(id) },
      make(
        "span",
        { class: "sheet-figure" },
        make("a", { href: `#case-${number + 1}`, tabindex: -1 }, `${number + 1}`),
        make("bdi", null, id),
      ),
      input && make("span", { class: "sheet-quote", dir: "auto" }, firstLine(input)),
    );
  };

  // A row of the matrix, at a place in the list that is shown.
  bench.row = (data, view, place) => {
    const number = view.list[place];
    const best = meta.metrics.length ? leaders(data, number, view.metric) : [];
    return make(
      "div",
      { role: "row", class: "sheet-row", "aria-rowindex": place + 2, "data-place": place },
      first(data, view, number),
      all.map((candidate) => cell(data, view, number, candidate, best.includes(candidate))),
    );
  };
})();
