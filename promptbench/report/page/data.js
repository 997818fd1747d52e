"use strict";
// The cases and outputs, unpacked part by part. See report/pack.py for the parts' form.
(() => {
  const { byId, meta } = bench;

  const unpack = async (part) => {
    const signs = atob(part);
    const bytes = new Uint8Array(signs.length);
    for (let place = 0; place < signs.length; place++) bytes[place] = signs.charCodeAt(place);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).json();
  };

  // A case looks its texts up when asked: before that its block must be there (`ready`).
  class Case {
    constructor([id, cluster, variables, references], texts) {
      Object.assign(this, { id, cluster, given: variables, expected: references, texts });
    }
    get variables() {
      return this.given.map(([label, text]) => [label, this.texts[text]]);
    }
    get references() {
      return this.expected.map((text) => this.texts[text]);
    }
  }

  // The last place whose number is not above `wanted`, in a list that rises.
  const lastBelow = (list, wanted) => {
    let [low, high] = [0, list.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (list[middle] <= wanted) low = middle;
      else high = middle - 1;
    }
    return low;
  };

  // The blocks: read(number) makes one there, there(number) tells whether it is.
  const blocks = (parts, head, texts, prompts, talks) => {
    const firsts = head.blocks.map(([first]) => first);
    const reading = [];
    const more = [];
    const read = (block) =>
      (reading[block] ??= unpack(parts[block]).then((found) => {
        const [, text, prompt, talk] = head.blocks[block];
        found.texts.forEach((each, place) => (texts[text + place] = each));
        found.prompts.forEach((each, place) => (prompts[prompt + place] = each));
        found.talks.forEach((each, place) => (talks[talk + place] = each));
        more[block] = found.more;
      }));
    const blockOf = (number) => lastBelow(firsts, number);
    const needed = (number) => [blockOf(number), ...(head.needs[number] || [])];
    return {
      ready: (number) => Promise.all(needed(number).map(read)),
      there: (number) => needed(number).every((block) => more[block]),
      whole: async () => {
        for (let block = 0; block < parts.length; block++) {
          if (!more[block]) await read(block).then(bench.pause);
        }
      },
      more: (candidate, number, repeat) => {
        const block = blockOf(number);
        return more[block]?.[candidate][number - firsts[block]][repeat] || {};
      },
    };
  };

  const mean = (values) =>
    values.length ? values.reduce((sum, each) => sum + each, 0) / values.length : null;
  const scored = (rows, metric) =>
    rows.map((row) => (row ? row[1][metric] : null)).filter((each) => each !== null);

  // The data with words for places. `number` (a case) and `candidate` are places from 0.
  const open = (head, figures, parts) => {
    const { cases, texts: size, blocks: _, needs: __, talks: turns, rules, ...rest } = head;
    const texts = new Array(size);
    const prompts = [];
    const talks = [];
    const { ready, there, whole, more } = blocks(parts, head, texts, prompts, talks);
    const columns = new Map();
    const output = (candidate, number, repeat) => {
      const row = figures[candidate][number][repeat];
      if (!row) return null;
      const [text, values, ending, promptTokens, outputTokens, seconds] = row;
      const said = { text: texts[text], values, ending, promptTokens, outputTokens, seconds };
      return { ...said, ...more(candidate, number, repeat) };
    };
    // A turn of a dialogue with words for places; of `kept` see report/talk.py.
    const turn = ([user, reply, kept, summary, mood, rule, ...figures], place) => {
      const [promptTokens, outputTokens, memoryTokens, number] = figures;
      const chosen = rule === null ? null : { name: rules[rule][0], say: rules[rule][1] };
      return {
        number: place + 1,
        user: texts[user],
        reply: texts[reply],
        given: kept === null,
        kept,
        summary: summary === null ? "" : texts[summary],
        mood,
        rule: chosen,
        promptTokens,
        outputTokens,
        memoryTokens,
        case: number,
      };
    };
    const value = (candidate, number, metric) =>
      mean(scored(figures[candidate][number], metric));
    return {
      ...rest,
      texts,
      prompts,
      cases: cases.map((each) => new Case(each, texts)),
      // Whether a case's texts, reasons and remarks are there; a promise that they are; of all.
      there,
      ready,
      whole,
      // One output, or null: { text, values, ending, promptTokens, outputTokens, seconds,
      // error?, why?, said?, choices?, prompt?, facts?, tokens? }. All but the figures takes a case that is ready.
      output,
      outputs: (candidate, number) =>
        figures[candidate][number].map((_, repeat) => output(candidate, number, repeat)),
      // The dialogue that a case is the `turn` of, as far as it was said; null outside of a chat.
      talk: (number, candidate, repeat) => {
        if (!turns[number]) return null;
        const [place, at] = turns[number];
        return { turn: at, said: talks[place][candidate][repeat].map(turn) };
      },
      // The figures alone: [text's place, values, ending, tokens in, out, seconds, error] or null.
      figures: (candidate, number) => figures[candidate][number],
      // The mean over a cell's scored repeats, or null; how many those are.
      value,
      scored: (candidate, number, metric) => scored(figures[candidate][number], metric).length,
      // The values of all cases, NaN where there is none.
      column: (candidate, metric) => {
        const key = `${candidate} ${metric}`;
        if (!columns.has(key)) {
          const found = cases.map((_, number) => value(candidate, number, metric) ?? NaN);
          columns.set(key, Float64Array.from(found));
        }
        return columns.get(key);
      },
    };
  };

  const start = async () => {
    const parts = byId("packed").textContent.split("\n");
    const head = await unpack(parts[0]);
    const figures = [];
    for (const [candidate] of meta.candidates.entries()) {
      figures.push(await unpack(parts[candidate + 1]));
    }
    return open(head, figures, parts.slice(figures.length + 1));
  };

  // `figures` gives the data as soon as the matrix can be drawn, `load` when all texts are there.
  let starting;
  bench.figures = () => (starting ??= start());
  bench.load = async () => {
    const data = await bench.figures();
    await data.whole();
    return data;
  };
})();
