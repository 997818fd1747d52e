"use strict";
// The dialogue of a case, as a candidate led it: bench.talk(data, number) gives the element.
bench.talk = (() => {
  const { make, meta } = bench;
  // What the reader chose stays when the next case opens.
  const chosen = { candidate: null, repeat: 0 };
  const GIVEN = "given by the data";

  // Whether an earlier turn stood in the prompt of `now` as it was said.
  const kept = (now, turn) => now.kept === 1 || (now.kept ?? []).includes(turn.number);

  const bubble = (who, text, ...more) =>
    make(
      "div",
      { class: `bubble ${who}` },
      make("p", { class: "who" }, who, more),
      make("p", { class: "speech", dir: "auto" }, text || "(nothing)"),
    );

  const mood = ({ mood, rule }) => [
    ` · mood ${bench.fixed(mood, 2)}`,
    rule && [" · ", make("span", { class: "tag", title: rule.say || null }, rule.name)],
  ];

  const score = (data, candidate, repeat, { number: turn, case: found }) => {
    const row = found && data.figures(candidate, found - 1)[repeat];
    const value = row && meta.primary !== null ? row[1][meta.primary] : null;
    return value !== null && value !== undefined && `${meta.metrics[meta.primary].label}: ${bench.show(meta.primary, value)}`;
  };

  const tokens = (turn) => [
    `${bench.count(turn.promptTokens, "token")} in, ${turn.outputTokens.toLocaleString("en")} out`,
    turn.memoryTokens > 0 && `, ${turn.memoryTokens.toLocaleString("en")} to remember`,
  ];

  const link = (turn) => make("a", { href: `#case-${turn.case}` }, `case ${turn.case.toLocaleString("en")}`);

  const exchange = (data, candidate, repeat, turn, now) => {
    const own = turn.number === now.number;
    const gone = !own && !kept(now, turn);
    const facts = [
      `Turn ${turn.number}`,
      turn.given ? GIVEN : tokens(turn),
      score(data, candidate, repeat, turn),
      own ? "this case" : turn.case > 0 && link(turn),
    ].filter(Boolean);
    return make(
      "li",
      { class: `exchange${gone ? " gone" : ""}${own ? " own" : ""}` },
      gone && make("p", { class: "mark" }, make("span", { class: "tag" }, "not remembered")),
      bubble("user", turn.user, mood(turn)),
      bubble("assistant", turn.reply),
      make("p", { class: "about" }, facts.map((fact, place) => [place > 0 && " · ", fact])),
    );
  };

  const summary = (now) =>
    make(
      "li",
      { class: "recap" },
      make("p", { class: "who" }, "summary in the prompt"),
      make("p", { class: "speech", dir: "auto" }, now.summary),
    );

  // The turns up to the case's own; a summary stands where the turns begin that were kept.
  const turns = (data, candidate, repeat, said, now) => {
    const first = said.find((turn) => turn.number === now.number || kept(now, turn));
    return said.map((turn) => [
      now.summary && turn === first && summary(now),
      exchange(data, candidate, repeat, turn, now),
    ]);
  };

  const told = (now) => {
    const before = now.number - 1;
    if (!before) return "The dialogue begins here: nothing was said before.";
    const there = now.kept === 1 ? before : (now.kept ?? []).length;
    const rest = now.summary ? ", and a summary of what was older" : "";
    if (before === 1) return `The turn before ${there ? "stood" : "did not stand"} in the prompt${rest}.`;
    const which = there === before ? `all ${before} turns` : `${there} of the ${before} turns`;
    return `In the prompt stood ${which} before${rest}.`;
  };

  const list = (data, number, candidate, repeat) => {
    const { turn: at, said } = data.talk(number, candidate, repeat);
    const now = said.find((turn) => turn.number === at);
    const what = `Dialogue with ${meta.candidates[candidate].name}`;
    if (!now) return make("p", { class: "fault" }, "This turn has not been reached.");
    const later = said.filter((turn) => turn.number > at && turn.case > 0);
    return [
      make("p", { class: "aside" }, told(now)),
      make(
        "div",
        { class: "exchanges", tabindex: "0", role: "group", "aria-label": what },
        make("ol", null, turns(data, candidate, repeat, said.filter((turn) => turn.number <= at), now)),
      ),
      later.length > 0 &&
        make("p", { class: "about" }, "Later in this dialogue: ", later.map((turn, place) => [place > 0 && ", ", `turn ${turn.number}, `, link(turn)])),
    ];
  };

  const select = (label, options, value, pick) =>
    make(
      "label",
      null,
      label,
      make(
        "select",
        { onchange: ({ currentTarget }) => pick(+currentTarget.value) },
        options.map(([each, words]) => make("option", { value: each, selected: each === value }, words)),
      ),
    );

  return (data, number) => {
    if (!data.talk(number, 0, 0)) return null;
    const names = meta.candidates.map(({ name }, place) => [place, name]);
    chosen.candidate ??= 0;
    const body = make("div");
    const paint = () => {
      body.replaceChildren(...make("div", null, list(data, number, chosen.candidate, chosen.repeat)).childNodes);
      // The case's own turn is the last one.
      const box = body.querySelector(".exchanges");
      if (box) requestAnimationFrame(() => (box.scrollTop = box.scrollHeight));
    };
    const pick = (what) => (value) => {
      chosen[what] = value;
      paint();
    };
    const repeats = [...Array(meta.repeats).keys()].map((repeat) => [repeat, repeat + 1]);
    paint();
    return make(
      "section",
      { class: "talk", "aria-label": "Dialogue" },
      make(
        "div",
        { class: "with" },
        make("h4", null, "Dialogue"),
        names.length > 1 && select("with ", names, chosen.candidate, pick("candidate")),
        meta.repeats > 1 && select("repeat ", repeats, chosen.repeat, pick("repeat")),
      ),
      body,
    );
  };
})();
