"use strict";
// A case: its input, references and outputs, side by side. Gives the element; `number` from 0.
bench.caseView = (data, number) => {
  const { make } = bench;
  const found = data.cases[number];
  return make(
    "article",
    { class: "case" },
    make("h3", null, `Case ${number + 1} `, make("code", null, found.id)),
    found.variables.map(([label, text]) => [make("h4", null, label), make("div", { class: "text" }, text)]),
    bench.meta.candidates.map((_, candidate) => [
      make("h4", null, bench.name(candidate)),
      data
        .outputs(candidate, number)
        .map((output) => make("div", { class: "said" }, output ? output.text : "Not run yet.")),
    ]),
  );
};
