"use strict";
// Which cases the matrix shows: words that must occur, and filters { key, words, test(number) }.
(() => {
  const { meta } = bench;
  const all = meta.candidates.map((_, candidate) => candidate);
  const nameOf = (candidate) => meta.candidates[candidate].name;
  const labelOf = (metric) => meta.metrics[metric].label;
  const tidy = (value) => String(value).replace("-", "−");

  const bounds = (low, high) => {
    if (low === null) return `at most ${tidy(high)}`;
    return high === null ? `at least ${tidy(low)}` : `from ${tidy(low)} to ${tidy(high)}`;
  };

  // A metric's value lies in a range: of one candidate, or of any (-1).
  const range = (data, { metric, candidate, low, high }) => {
    const columns = (candidate < 0 ? all : [candidate]).map((each) => data.column(each, metric));
    const [least, most] = [low ?? -Infinity, high ?? Infinity];
    const whose = candidate < 0 ? "any candidate" : nameOf(candidate);
    return {
      key: `range ${metric} ${candidate}`,
      words: `${labelOf(metric)} of ${whose} ${bounds(low, high)}`,
      test: (number) => columns.some((each) => each[number] >= least && each[number] <= most),
    };
  };

  // What a difference in a metric's favour and against it are called.
  const ways = (metric) =>
    meta.metrics[metric].direction === "none" ? ["higher", "lower"] : ["better", "worse"];

  // `to` is better than `from` (way 1), worse (way -1), or either (0), by more than a margin.
  const flip = (data, { metric, from, to, way, margin }) => {
    const sign = meta.metrics[metric].direction === "lower" ? -1 : 1;
    const [before, after] = [data.column(from, metric), data.column(to, metric)];
    const [better, worse] = ways(metric);
    const told = { 1: better, "-1": worse, 0: `${better} or ${worse}` }[way];
    const by = margin > 0 ? ` by more than ${margin}` : "";
    return {
      key: `flip ${from} ${to}`,
      words: `${nameOf(to)} ${told} than ${nameOf(from)}${by} (${labelOf(metric)})`,
      test: (number) => {
        const ahead = sign * (after[number] - before[number]);
        return (way ? way * ahead : Math.abs(ahead)) > margin;
      },
    };
  };

  const disagreement = (data, { metric, margin }) => ({
    key: "spread",
    words: `${labelOf(metric)} apart by more than ${margin}`,
    test: (number) => bench.order.spread(data, number, metric) > margin,
  });

  // Whether a thing holds of any output of a case.
  const some = (data, number, holds) =>
    all.some((candidate) => data.figures(candidate, number).some((row) => row && holds(row)));

  const faulty = (data) => ({
    key: "faulty",
    words: "Unscored or error",
    test: (number) => some(data, number, (row) => row[6] || row[1].includes(null)),
  });
  const cut = (data) => ({
    key: "cut",
    words: "Cut off",
    test: (number) => some(data, number, (row) => row[2] === "length"),
  });
  const inventing = meta.metrics.findIndex((metric) => metric.name === "invented_facts");
  const invented = (data) => ({
    key: "invented",
    words: "Invented facts",
    test: (number) => some(data, number, (row) => row[1][inventing] > 0),
  });

  // The cluster or a variable, by name, is this text.
  const tag = (data, { name, cluster, text, value }) => ({
    key: `tag ${cluster ? "" : name}`,
    words: `${name}: ${value}`,
    test: (number) => {
      const { given, cluster: own } = data.cases[number];
      return cluster ? own === value : given.some(([label, place]) => label === name && place === text);
    },
  });

  // Whether every word occurs in the case or one of its outputs.
  const search = (data, words) => (number) => {
    const { id, cluster, given, expected } = data.cases[number];
    const places = new Set([...given.map(([, text]) => text), ...expected]);
    for (const candidate of all) {
      for (const row of data.figures(candidate, number)) if (row) places.add(row[0]);
    }
    let missing = words;
    const read = (text) => {
      const low = text.toLowerCase();
      missing = missing.filter((word) => !low.includes(word));
    };
    read(`${id}\n${cluster}`);
    for (const place of places) {
      if (!missing.length) break;
      read(data.texts[place]);
    }
    return !missing.length;
  };

  // The numbers of the cases that pass, in file order; null if nobody waits for them any more.
  const select = async (data, { words, filters }, live) => {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    const found = [];
    const tests = [...filters.values()].map((each) => each.test);
    const says = search(data, wanted);
    const look = (number) => {
      if (says(number)) found.push(number);
    };
    const done = await bench.slices(
      data.cases.length,
      (number) => {
        if (!tests.every((test) => test(number))) return undefined;
        if (!wanted.length) return void found.push(number);
        return data.there(number) ? look(number) : data.ready(number).then(() => look(number));
      },
      live,
    );
    return done ? found : null;
  };

  const kinds = { range, flip, disagreement, faulty, cut, tag };
  bench.filter = { ...kinds, ...(inventing < 0 ? {} : { invented }), ways, select };
})();
