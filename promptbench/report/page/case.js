"use strict";
// A case: its input, references and outputs, side by side. Gives the element; `number` from 0.
bench.caseView = (() => {
  const { make, meta } = bench;
  // A text so long gets a line, or a box that scrolls, of its own.
  const SHORT = 80;
  const LONG = 500;
  const SHOWN = { facts: "Mark facts", tokens: "Tint tokens by probability" };
  // What the reader chose stays when the next case opens.
  const chosen = { against: "", facts: false, tokens: false };

  const passage = (kind, text, label) => {
    const long = text.length > LONG;
    const reach = long ? { tabindex: "0", role: "group", "aria-label": label } : {};
    return make("div", { class: `${kind}${long ? " long" : ""}`, dir: "auto", ...reach }, text);
  };

  const given = ({ variables, references }, number) => {
    const short = ([, text]) => text.length <= SHORT && !text.includes("\n");
    const fields = variables.filter(short);
    const texts = variables.filter((each) => !short(each));
    return make(
      "div",
      { class: "given" },
      make(
        "div",
        { class: "input" },
        fields.length > 0 &&
          make(
            "dl",
            { class: "fields" },
            fields.map(([name, text]) =>
              make("div", null, make("dt", null, name), make("dd", { dir: "auto" }, text)),
            ),
          ),
        texts.map(([name, text]) => [
          make("h4", null, name),
          passage("text", text, `${name} of case ${number + 1}`),
        ]),
      ),
      make(
        "div",
        { class: "references" },
        make("h4", null, references.length > 1 ? "References" : "Reference"),
        references.length
          ? make(
              "ol",
              null,
              references.map((text, place) =>
                make("li", null, passage("text", text, `Reference ${place + 1}`)),
              ),
            )
          : make("p", { class: "quiet" }, "none"),
      ),
    );
  };

  // The candidates with the best value of the primary metric for a case.
  const best = (data, number) => {
    const metric = meta.metrics[meta.primary];
    if (!metric || metric.direction === "none" || meta.candidates.length < 2) return new Set();
    const values = meta.candidates.map((_, each) => data.value(each, number, meta.primary));
    const there = values.filter((each) => each !== null);
    const top = metric.direction === "lower" ? Math.min(...there) : Math.max(...there);
    return new Set(values.flatMap((value, each) => (value === top ? [each] : [])));
  };

  // What outputs can be compared with: [value, words, the text for a repeat].
  const others = (data, number) => [
    ...data.cases[number].references.map((text, place) => [
      `r${place}`,
      `reference ${place + 1}`,
      () => text,
    ]),
    ...meta.candidates.map(({ name }, candidate) => [
      `c${name}`,
      name,
      (repeat) => data.output(candidate, number, repeat)?.text,
    ]),
  ];

  const view = (data, number) => {
    const texts = [];
    const status = make("span", { class: "status", role: "status", "aria-live": "polite" });
    const copy = bench.copier(status);
    const legends = make("div", { class: "legends" });
    const against = others(data, number);
    const cells = meta.candidates.map((_, each) => data.outputs(each, number));
    const has = (what) => cells.some((cell) => cell.some((output) => output?.[what]));

    const paint = () => {
      const other = against.find(([value]) => value === chosen.against);
      let coarse = false;
      for (const { node, output, candidate, repeat } of texts) {
        const own = chosen.against === `c${meta.candidates[candidate].name}`;
        const text = own ? undefined : other?.[2](repeat);
        const parts = text === undefined ? null : bench.diff(text, output.text);
        coarse ||= Boolean(parts?.coarse);
        const nodes = bench.layer.output(output, parts, chosen);
        const empty = output.text || parts?.length ? nodes : "(empty output)";
        node.replaceChildren(...make("span", null, empty).childNodes);
      }
      const made = [
        other && bench.layer.legends.diffs(other[1], coarse),
        ...Object.keys(SHOWN).map((what) => chosen[what] && has(what) && bench.layer.legends[what]()),
      ];
      legends.replaceChildren(...made.filter(Boolean));
    };

    const body = (output, candidate, repeat) => {
      if (!output) return make("p", { class: "fault" }, "Not run yet.");
      const { name, labels: known } = meta.candidates[candidate];
      const what = `${name}${meta.repeats > 1 ? `, repeat ${repeat + 1}` : ""}`;
      const seen = bench.seen(data, output, what, copy);
      if (output.error) {
        return [make("p", { class: "fault" }, make("strong", null, "error: "), output.error), seen];
      }
      const node = passage(output.text ? "said" : "said quiet", output.text, `Output of ${what}`);
      texts.push({ node, output, candidate, repeat });
      return [
        node,
        output.choices && known && bench.told.labels(output, known),
        (output.said ?? []).map((remark) => make("p", { class: "remark fault" }, remark)),
        bench.told.scores(output),
        bench.told.ending(output),
        seen,
      ];
    };

    const winners = best(data, number);
    const cell = (outputs, candidate) => {
      const mean = meta.primary === null ? null : data.value(candidate, number, meta.primary);
      return make(
        "div",
        { class: `cell c${meta.candidates[candidate].colour}${winners.has(candidate) ? " best" : ""}` },
        make(
          "h4",
          null,
          bench.name(candidate),
          make(
            "span",
            { class: "mean" },
            winners.has(candidate) && [
              make("span", { class: "tag", title: "The best score for this case" }, "best"),
              " ",
            ],
            mean !== null && bench.show(meta.primary, mean),
          ),
        ),
        outputs.map((output, repeat) =>
          make(
            "div",
            { class: "output" },
            meta.repeats > 1 && make("h5", null, `Repeat ${repeat + 1}`),
            body(output, candidate, repeat),
          ),
        ),
      );
    };

    const option = ([value, words]) =>
      make("option", { value, selected: value === chosen.against }, words);
    const toggle = (what) =>
      has(what) &&
      make(
        "label",
        null,
        make("input", {
          type: "checkbox",
          checked: chosen[what],
          onchange: ({ currentTarget }) => {
            chosen[what] = currentTarget.checked;
            paint();
          },
        }),
        SHOWN[what],
      );
    const tools = make(
      "div",
      { class: "aids" },
      make(
        "label",
        null,
        "Compare outputs with ",
        make(
          "select",
          {
            onchange: ({ currentTarget }) => {
              chosen.against = currentTarget.value;
              paint();
            },
          },
          option(["", "nothing"]),
          against.map(option),
        ),
      ),
      Object.keys(SHOWN).map(toggle),
      copy("Copy as Markdown", () => bench.markdown(data, number)),
      copy("Copy link", () => `${location.href.split("#")[0]}#case-${number + 1}`),
      status,
    );

    const { id, cluster } = data.cases[number];
    const article = make(
      "article",
      { class: "case" },
      make(
        "header",
        null,
        make("h3", null, `Case ${number + 1} `, make("code", null, id)),
        cluster && make("p", null, make("span", null, "cluster ", make("code", null, cluster))),
      ),
      given(data.cases[number], number),
      bench.talk(data, number),
      tools,
      legends,
      make("div", { class: "cells" }, cells.map(cell)),
    );
    paint();
    return article;
  };
  return view;
})();
