"use strict";
// The panel of filters: each form adds one to the list, each switch puts one in and takes it out.
(() => {
  const { make, meta, filter } = bench;
  const MANY = 30; // values of a variable that a select still offers
  const SHORT = 60; // characters of such a value

  const choice = (label, options, attributes) =>
    make(
      "label",
      null,
      make("span", null, label),
      make("select", attributes, options.map(([value, text]) => make("option", { value }, text))),
    );
  const entry = (label, attributes) =>
    make(
      "label",
      null,
      make("span", null, label),
      make("input", { type: "number", step: "any", size: 6, autocomplete: "off", ...attributes }),
    );
  const candidates = () => meta.candidates.map(({ name }, place) => [place, name]);
  const metrics = () => meta.metrics.map(({ label }, place) => [place, label]);

  // A form whose fields go to `read` by name; what it gives is added.
  const form = (title, controls, read, add) => {
    const send = (event) => {
      event.preventDefault();
      const found = read(Object.fromEntries(new FormData(event.target)));
      if (found) add(found);
    };
    return make(
      "form",
      { onsubmit: send },
      make("fieldset", null, make("legend", null, title), controls, make("button", null, "Add")),
    );
  };

  const number = (text) => (text === "" ? null : Number(text));

  const range = (data, add) =>
    form(
      "Range",
      [
        choice("Metric", metrics(), { name: "metric" }),
        choice("Of", [[-1, "any candidate"], ...candidates()], { name: "candidate" }),
        entry("From", { name: "low" }),
        entry("To", { name: "high" }),
      ],
      ({ metric, candidate, low, high }) => {
        const bounds = { low: number(low), high: number(high) };
        if (bounds.low === null && bounds.high === null) return null;
        return filter.range(data, { metric: +metric, candidate: +candidate, ...bounds });
      },
      add,
    );

  const flips = (data, add) =>
    form(
      "Flips",
      [
        choice("Metric", metrics(), { name: "metric" }),
        choice("From", candidates(), { name: "from" }),
        choice("To", [...candidates().slice(1), ...candidates().slice(0, 1)], { name: "to" }),
        choice("Is", [[0, "better or worse"], [1, "better"], [-1, "worse"]], { name: "way" }),
        entry("By more than", { name: "margin", value: 0, min: 0 }),
      ],
      ({ metric, from, to, way, margin }) =>
        filter.flip(data, { metric: +metric, from: +from, to: +to, way: +way, margin: +margin }),
      add,
    );

  const disagreements = (data, add) =>
    form(
      "Disagreement",
      [
        choice("Metric", metrics(), { name: "metric" }),
        entry("Apart by more than", { name: "margin", value: 0, min: 0 }),
      ],
      ({ metric, margin }) => filter.disagreement(data, { metric: +metric, margin: +margin }),
      add,
    );

  // What the cases have in common, where few short values occur: [name, [[text's place, value]]].
  const tags = (data) => {
    const clusters = new Set(data.cases.map(({ cluster }) => cluster));
    const found = few(clusters.size) ? [["cluster", [...clusters].map((each) => [each, each])]] : [];
    const values = new Map();
    for (const { given } of data.cases) {
      for (const [name, text] of given) {
        if (!values.has(name)) values.set(name, new Set());
        if (values.get(name).size <= MANY) values.get(name).add(text);
      }
    }
    for (const [name, places] of values) {
      const texts = [...places].map((place) => [place, data.texts[place]]);
      if (few(places.size) && texts.every(([, text]) => text.length <= SHORT)) {
        found.push([name, texts]);
      }
    }
    return found;
  };
  const few = (size) => size >= 2 && size <= MANY;

  const tagged = (data, change) => {
    const select = ([name, values], place) => {
      const cluster = place === 0 && name === "cluster" && typeof values[0][0] === "string";
      const key = filter.tag(data, { name, cluster }).key;
      const pick = ({ target }) => {
        if (target.value === "") return change(key, null);
        const [text, value] = values[target.value];
        return change(key, filter.tag(data, { name, cluster, text, value }));
      };
      const sorted = values.map(([, value], at) => [at, value || "(empty)"]);
      sorted.sort(([, one], [, other]) => (one < other ? -1 : 1));
      return choice(name, [["", "any"], ...sorted], { onchange: pick, "data-key": key });
    };
    return tags(data).map(select);
  };

  const switches = (data, change) =>
    ["faulty", "cut", "invented"]
      .filter((kind) => filter[kind])
      .map((kind) => {
        const made = filter[kind](data);
        const press = ({ target }) => change(made.key, target.checked ? made : null);
        return make(
          "label",
          { class: "switch" },
          make("input", { type: "checkbox", onchange: press, "data-key": made.key }),
          made.words,
        );
      });

  // `change(key, filter)` puts a filter in, or takes it out where it is null.
  bench.panel = (data, change) => {
    const add = (made) => change(made.key, made);
    const several = meta.candidates.length > 1;
    const common = make("fieldset", { class: "tags", hidden: true }, make("legend", null, "Of the case"));
    data.whole().then(() => {
      const selects = tagged(data, change);
      common.append(...selects);
      common.hidden = !selects.length;
    });
    const element = make(
      "details",
      { class: "panel" },
      make("summary", null, "Filters"),
      make(
        "div",
        { class: "panel-forms" },
        make("fieldset", null, make("legend", null, "Outputs"), switches(data, change)),
        common,
        meta.metrics.length > 0 && [
          several && flips(data, add),
          several && disagreements(data, add),
          range(data, add),
        ],
      ),
    );
    // Switches and selects show what is in force, also when a chip has been taken away.
    const follow = (filters) => {
      for (const each of element.querySelectorAll("[data-key]")) {
        const on = filters.has(each.dataset.key);
        if (each.type === "checkbox") each.checked = on;
        else if (!on) each.value = "";
      }
    };
    return { element, follow };
  };
})();
