"use strict";
// A session of blind rating, apart from its looks: a seed in, a shuffled plan and a file out.
bench.session = (() => {
  const FORMAT = "promptbench ratings";
  const VERSION = 1;
  const VERDICTS = ["left", "right", "tie", "skip"];

  // mulberry32 by Tommy Ettinger, in the public domain: 32 bits of state, numbers from 0 to 1.
  const generator = (seed) => {
    let state = seed >>> 0;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
  };
  const shuffled = (items, draw) => {
    const found = [...items];
    for (let last = found.length - 1; last > 0; last -= 1) {
      const other = Math.floor(draw() * (last + 1));
      [found[last], found[other]] = [found[other], found[last]];
    }
    return found;
  };

  // FNV-1a of 64 bits over UTF-16 code units, low byte first; report/digest.py computes the same.
  const digest = (text) => {
    let found = 0xcbf29ce484222325n;
    const eat = (byte) => {
      found = BigInt.asUintN(64, (found ^ BigInt(byte)) * 0x100000001b3n);
    };
    for (let place = 0; place < text.length; place += 1) {
      const unit = text.charCodeAt(place);
      eat(unit & 0xff);
      eat(unit >>> 8);
    }
    return found.toString(16).padStart(16, "0");
  };

  const isName = (name) => bench.meta.candidates.findIndex((each) => each.name === name);

  // The first output of a candidate for a case that is there and no error, or null.
  const shown = (data, candidate, place) => {
    const outputs = data.outputs(candidate, place);
    const repeat = outputs.findIndex((each) => each && !each.error);
    return repeat < 0 ? null : { candidate, repeat, text: outputs[repeat].text };
  };

  // Which cases can be rated, for every pair of candidates (places, in ascending order).
  const supply = (data, candidates) => {
    const pairs = [];
    let identical = 0;
    for (const [place, first] of candidates.entries()) {
      for (const second of candidates.slice(place + 1)) {
        const cases = [];
        for (let number = 0; number < data.cases.length; number += 1) {
          const [one, other] = [shown(data, first, number), shown(data, second, number)];
          if (!one || !other) continue;
          if (one.text === other.text) identical += 1;
          else cases.push({ number, one, other });
        }
        pairs.push(cases);
      }
    }
    return { pairs, identical, most: pairs.reduce((sum, cases) => sum + cases.length, 0) };
  };

  // Round by round one case of every pair, until there are as many as wanted. Of a pair's cases
  // half, chosen by chance, have their outputs on the other side. Then all are shuffled.
  const plan = (data, { candidates, wanted, seed }) => {
    const draw = generator(seed);
    const { pairs, identical } = supply(data, candidates);
    const waiting = pairs.map((cases) => shuffled(cases, draw));
    const taken = pairs.map(() => []);
    let missing = wanted;
    while (missing > 0 && waiting.some((cases) => cases.length)) {
      for (const pair of shuffled(waiting.keys(), draw)) {
        if (missing > 0 && waiting[pair].length) {
          taken[pair].push(waiting[pair].pop());
          missing -= 1;
        }
      }
    }
    const items = taken.flatMap((cases) => {
      const odd = draw() < 0.5 ? 0 : 1;
      return shuffled(cases, draw).map(({ number, one, other }, place) =>
        place % 2 === odd ? { number, left: one, right: other } : { number, left: other, right: one },
      );
    });
    return { items: shuffled(items, draw), identical };
  };

  const begin = (data, settings) => ({
    ...settings,
    ...plan(data, settings),
    started: settings.started ?? new Date().toISOString(),
    ratings: [],
  });

  const write = (data, session) => {
    const name = (place) => bench.meta.candidates[place].name;
    return {
      format: FORMAT,
      version: VERSION,
      run: bench.meta.run,
      suite: bench.meta.suite,
      data: bench.meta.data,
      rater: session.rater,
      started: session.started,
      seed: session.seed,
      references: session.references,
      candidates: session.candidates.map(name),
      wanted: session.wanted,
      identical: session.identical,
      ratings: session.ratings.map(({ verdict, note, seconds }, place) => {
        const { number, left, right } = session.items[place];
        return {
          case: data.cases[number].id,
          left: name(left.candidate),
          right: name(right.candidate),
          left_repeat: left.repeat,
          right_repeat: right.repeat,
          left_digest: digest(left.text),
          right_digest: digest(right.text),
          verdict,
          note,
          seconds,
        };
      }),
    };
  };

  const parse = (text) => {
    try {
      return JSON.parse(text);
    } catch {
      return null;
    }
  };
  const isWhole = (value, high) => Number.isInteger(value) && value >= 0 && value <= high;
  const settingsOf = (file) => {
    const candidates = Array.isArray(file.candidates) ? file.candidates.map(isName) : [];
    const sound =
      typeof file.rater === "string" &&
      file.rater.trim() &&
      typeof file.started === "string" &&
      typeof file.references === "boolean" &&
      isWhole(file.seed, 2 ** 32 - 1) &&
      isWhole(file.wanted, 1e9) &&
      file.wanted > 0 &&
      candidates.length > 1 &&
      !candidates.includes(-1) &&
      new Set(candidates).size === candidates.length;
    const { rater, started, references, seed, wanted } = file;
    return sound ? { rater, started, references, seed, wanted, candidates } : null;
  };

  // A session from a saved file's text, or a sentence that says why that cannot be.
  const read = (data, text) => {
    const file = parse(text);
    if (file === null || typeof file !== "object" || file.format !== FORMAT) {
      return "This is no file of ratings.";
    }
    if (file.version !== VERSION) return "The file is of another version of promptbench.";
    if (file.run !== bench.meta.run || file.data !== bench.meta.data) {
      return `The file belongs to another run than this page, ${bench.meta.run}.`;
    }
    const settings = settingsOf(file);
    if (!settings || !Array.isArray(file.ratings)) return "The file is damaged.";
    const session = begin(data, settings);
    if (file.ratings.length > session.items.length) return "The file holds more than was planned.";
    const isSame = (one, other) =>
      one !== null &&
      typeof one === "object" &&
      Object.entries(other).every(
        ([key, each]) => ["verdict", "note", "seconds"].includes(key) || one[key] === each,
      );
    session.ratings = file.ratings.map((each) => ({
      verdict: each?.verdict,
      note: String(each?.note ?? ""),
      seconds: Number(each?.seconds),
    }));
    const again = write(data, session).ratings;
    const sound = file.ratings.every(
      (each, place) =>
        isSame(each, again[place]) && VERDICTS.includes(each.verdict) && each.seconds >= 0,
    );
    return sound ? session : "The outputs in this page are not those that the file rates.";
  };

  // Wins, ties and losses by candidate, in the page's order.
  const tally = (session) =>
    session.candidates.map((candidate) => {
      const found = { candidate, wins: 0, ties: 0, losses: 0 };
      session.ratings.forEach(({ verdict }, place) => {
        const { left, right } = session.items[place];
        if (verdict === "skip" || ![left.candidate, right.candidate].includes(candidate)) return;
        const own = left.candidate === candidate ? "left" : "right";
        found[verdict === "tie" ? "ties" : verdict === own ? "wins" : "losses"] += 1;
      });
      return found;
    });

  return { supply, plan, begin, write, read, tally, digest };
})();
