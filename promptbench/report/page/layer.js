"use strict";
// An output with what is known of its parts laid over it: differences, facts, tokens.
bench.layer = (() => {
  const { make } = bench;
  // As in report/marked.py.
  const FACTS = [
    ["invented", "not in the input"],
    ["held", "in the input"],
    ["kept", "in the input and in a reference"],
  ];
  const HEAT = [
    [0.9, "90% or more"],
    [0.5, "50–90%"],
    [0.2, "20–50%"],
    [0.05, "5–20%"],
    [-1, "below 5%"],
  ];
  const heat = (probability) => HEAT.findIndex(([least]) => probability >= least);
  const percent = (probability) =>
    probability < 0.001 ? "below 0.1%" : `${bench.fixed(100 * probability, 1)}%`;

  // A layer is a list of { start, end, wrap(children) } in order, without overlaps.
  const diffs = (parts) => {
    let at = 0;
    return parts.map(({ kind, text }) => {
      const start = at;
      if (kind === "gone") {
        const spoken = make("span", { class: "hidden" }, "missing: ");
        return { start, end: start, wrap: () => make("del", null, spoken, text) };
      }
      at += text.length;
      if (kind === "same") return { start, end: at, wrap: (children) => children };
      const spoken = () => make("span", { class: "hidden" }, "new: ");
      return { start, end: at, wrap: (children) => make("ins", null, spoken(), children) };
    });
  };

  const facts = (spans) =>
    spans.map(([start, end, kind]) => {
      const [name, meaning] = FACTS[kind];
      const wrap = (children) =>
        make("mark", { class: `fact ${name}`, title: `${name}: ${meaning}` }, children);
      return { start, end, wrap };
    });

  // A token that wrote only a part of a character is told with the one that ended it.
  const tokens = (text, [lengths, logprobs]) => {
    const found = [];
    let [at, waiting] = [0, []];
    lengths.forEach((length, place) => {
      waiting.push(logprobs[place]);
      const start = at;
      at += length;
      if (length) found.push({ start, end: at, ...told(text.slice(start, at), waiting) });
      if (length) waiting = [];
    });
    return { spans: found, last: waiting };
  };
  const told = (text, logprobs) => {
    const values = logprobs.map((each) => `${percent(Math.exp(each))} (${bench.fixed(each, 2)})`);
    const title = bench.visible(`${JSON.stringify(text)}: ${values.join(", ")}`);
    const level = heat(Math.exp(Math.min(...logprobs)));
    return { wrap: (children) => make("span", { class: `token p${level}`, title }, children) };
  };

  // The text from `start` to `end` under the layers, the first one outermost.
  const lay = (text, start, end, layers) => {
    if (!layers.length) return [text.slice(start, end)];
    const [layer, ...inner] = layers;
    const nodes = [];
    let at = start;
    for (const span of layer) {
      const empty = span.start === span.end;
      if (span.end < start || span.start > end) continue;
      if (!empty && (span.end === start || span.start === end)) continue;
      const [from, to] = [Math.max(span.start, start), Math.min(span.end, end)];
      if (from > at) nodes.push(lay(text, at, from, inner));
      nodes.push(span.wrap(empty ? [] : lay(text, from, to, inner)));
      at = to;
    }
    if (at < end) nodes.push(lay(text, at, end, inner));
    return nodes;
  };

  // The nodes of an output. `parts` are of bench.diff, `shown` says which of facts and tokens.
  const output = ({ text, facts: spans, tokens: written }, parts, shown) => {
    const found = written && shown.tokens ? tokens(text, written) : null;
    const layers = [
      parts && diffs(parts),
      shown.facts && spans && facts(spans),
      found?.spans,
    ].filter(Boolean);
    const nodes = lay(text, 0, text.length, layers);
    if (!found?.last.length) return nodes;
    const { wrap } = told("", found.last);
    return [nodes, " ", wrap([make("span", { class: "finish" }, "end")])];
  };

  const legends = {
    facts: () =>
      make(
        "p",
        { class: "legend" },
        "Facts: ",
        FACTS.map(([name, meaning]) => [
          make("mark", { class: `fact ${name}` }, name),
          ` ${meaning}`,
          name === "kept" ? "" : "; ",
        ]),
      ),
    tokens: () =>
      make(
        "p",
        { class: "legend" },
        "The model’s probability of each token: ",
        HEAT.map(([, words], level) => [make("span", { class: `token p${level}` }, words), " "]),
      ),
    diffs: (other, coarse) =>
      make(
        "p",
        { class: "legend" },
        make("ins", null, "new"),
        " is only in the output, ",
        make("del", null, "missing"),
        ` only in ${other}.`,
        coarse &&
          " Some texts are long: they are compared by the words that occur once, and more than need be may be marked.",
      ),
  };

  return { output, legends, percent };
})();
