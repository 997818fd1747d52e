"use strict";
// What is told of an output beside its text: scores, how it ended, the labels that it chose from.
bench.told = (() => {
  const { make, meta } = bench;
  // So many labels get a box that scrolls.
  const MANY = 12;
  const ENDINGS = {
    stop: "finished",
    stop_string: "stopped at a stop string",
    choice: "chosen by likelihood",
    "": "ending unknown",
  };

  const scores = (output) => {
    const reasons = meta.metrics.map((_, metric) => output.why?.[metric]);
    if (reasons.length && reasons.every((each) => each && each === reasons[0])) {
      return make("p", { class: "scores fault" }, `unscored: ${reasons[0]}`);
    }
    return make(
      "dl",
      { class: "scores" },
      meta.metrics.map(({ label }, metric) =>
        make(
          "div",
          { class: reasons[metric] ? "fault" : null },
          make("dt", null, label),
          make(
            "dd",
            null,
            reasons[metric] ? `unscored: ${reasons[metric]}` : bench.show(metric, output.values[metric]),
          ),
        ),
      ),
    );
  };

  const ending = (output) =>
    make(
      "p",
      { class: "ending" },
      output.ending === "length"
        ? make("span", { class: "alarm" }, "cut off")
        : ENDINGS[output.ending] ?? output.ending,
      output.ending === "length" && " at the limit of tokens",
      ` · ${bench.count(output.promptTokens, "token")} in, ${output.outputTokens.toLocaleString("en")} out`,
      ` · ${bench.fixed(output.seconds, 2)} s`,
    );

  // Of a choice, what the labels would be worth if there were no other answers.
  const labels = ({ choices, text }, names) => {
    const top = Math.max(...choices);
    const weights = choices.map((each) => Math.exp(each - top));
    const total = weights.reduce((sum, each) => sum + each, 0);
    const rows = weights
      .map((weight, place) => [names[place], weight / total, choices[place]])
      .sort((one, other) => other[1] - one[1]);
    return make(
      "div",
      rows.length > MANY
        ? { class: "labels long", tabindex: "0", role: "group", "aria-label": "Labels" }
        : { class: "labels" },
      make(
        "table",
        null,
        make("caption", null, "Probability among these labels (softmax of their log-likelihoods)"),
        make(
          "tbody",
          null,
          rows.map(([name, share, likelihood]) =>
            make(
              "tr",
              { class: name === text ? "picked" : null },
              make("th", { scope: "row" }, name),
              make("td", { class: "meter" }, bar(share)),
              make(
                "td",
                { class: "figure", title: `log-likelihood ${bench.fixed(likelihood, 2)}` },
                bench.layer.percent(share),
              ),
            ),
          ),
        ),
      ),
    );
  };
  const bar = (share) =>
    bench.draw(
      "svg",
      { class: "bar", "aria-hidden": "true" },
      bench.draw("rect", { width: `${100 * share}%`, height: "100%" }),
    );

  return { scores, ending, labels };
})();
