"use strict";
// What the users said before two outputs that are rated: bench.before(data, number, [side, side]).
bench.before = (() => {
  const { make } = bench;

  // What does not tell who answered: the user's words, and replies that the data gives.
  const words = (data, number, { candidate, repeat }) => {
    const talk = data.talk(number, candidate, repeat);
    if (!talk) return [];
    return talk.said
      .filter((turn) => turn.number <= talk.turn)
      .flatMap((turn) => [
        ["The user", turn.user],
        ...(turn.given ? [["The answer", turn.reply]] : []),
      ]);
  };
  const block = (title, said) => [
    make("h3", null, title),
    make(
      "ol",
      { class: "before" },
      said.map(([who, text]) => make("li", { dir: "auto" }, make("span", { class: "quiet" }, `${who}: `), text)),
    ),
  ];

  return (data, number, sides) => {
    const [left, right] = sides.map((side) => words(data, number, side));
    const known = data.cases[number].variables.some(([name]) => name === "user");
    if (JSON.stringify(left) === JSON.stringify(right)) {
      // The last words are the case's own, and may stand there already.
      const tells = left.length > (known ? 1 : 0);
      return tells ? block("What was said, without the candidates’ replies", left) : null;
    }
    return [block("What was said before A", left), block("What was said before B", right)];
  };
})();
