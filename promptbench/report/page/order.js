"use strict";
// In which order the matrix shows its cases: { by, a, b, down }, over the metric that is shown.
(() => {
  const { meta } = bench;

  // What one can sort by, and how it begins. `texts` says that all texts must be there.
  const KINDS = {
    file: { label: "File order", down: false },
    value: { down: true },
    difference: { label: "Difference of two candidates", down: true },
    spread: { label: "Disagreement (spread)", down: true },
    best: { label: "Hardest first (lowest best)", down: false },
    input: { label: "Length of input", down: true, texts: true },
    output: { label: "Length of longest output", down: true, texts: true },
    tokens: { label: "Most output tokens", down: true },
    seconds: { label: "Seconds of the slowest output", down: true },
  };

  const all = meta.candidates.map((_, candidate) => candidate);
  // Of values that may be NaN: the extremes of those that are there, NaN where none is.
  const extremes = (values) => {
    let [low, high] = [Infinity, -Infinity];
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return low <= high ? [low, high] : [NaN, NaN];
  };
  const rowOf = (data, number, metric) =>
    all.map((candidate) => data.column(candidate, metric)[number]);
  const spread = (data, number, metric) => {
    const [low, high] = extremes(rowOf(data, number, metric));
    return high - low;
  };
  // Over all outputs of a case the greatest of what `read` finds in its figures.
  const greatest = (data, number, read) => {
    const rows = all.flatMap((candidate) => data.figures(candidate, number)).filter(Boolean);
    return rows.length ? Math.max(...rows.map(read)) : NaN;
  };
  const length = (texts) => texts.reduce((sum, text) => sum + text.length, 0);

  const readers = {
    value: (data, { metric, order }) => (number) => data.column(order.a, metric)[number],
    difference: (data, { metric, order }) => (number) =>
      data.column(order.a, metric)[number] - data.column(order.b, metric)[number],
    spread: (data, { metric }) => (number) => spread(data, number, metric),
    // Where lower is better, the best of a hard case is high.
    best: (data, { metric }) => (number) => {
      const [low, high] = extremes(rowOf(data, number, metric));
      return meta.metrics[metric].direction === "lower" ? -low : high;
    },
    input: (data) => (number) => length(data.cases[number].variables.map(([, text]) => text)),
    output: (data) => (number) => greatest(data, number, (row) => data.texts[row[0]].length),
    tokens: (data) => (number) => greatest(data, number, (row) => row[4]),
    seconds: (data) => (number) => greatest(data, number, (row) => row[5]),
  };

  // Sort numbers of cases, which come in file order. What has no value comes last.
  const sort = async (data, view, numbers, live) => {
    const { by, down } = view.order;
    if (by === "file") return down ? numbers.reverse() : numbers;
    if (KINDS[by].texts) await data.whole();
    const read = readers[by](data, view);
    const keys = new Float64Array(data.cases.length);
    const done = await bench.slices(
      numbers.length,
      (place) => void (keys[numbers[place]] = read(numbers[place])),
      live,
    );
    if (!done) return null;
    const turn = down ? -1 : 1;
    return numbers.sort((one, other) => {
      const [a, b] = [keys[one], keys[other]];
      if (a === b || (a !== a && b !== b)) return one - other;
      if (a !== a) return 1;
      if (b !== b) return -1;
      return turn * (a - b);
    });
  };

  bench.order = { KINDS, sort, spread, extremes, rowOf };
})();
