"use strict";
// The prompt behind an output as the model saw it: bench.seen(data, output) gives the element.
bench.seen = (() => {
  const { make } = bench;
  // What looks like a special token; which ones a tokenizer has is not in the page.
  const SPECIAL =
    /(<\|[^|<>\s]{1,40}\|>|<\/?s>|<(?:bos|eos|pad|unk|start_of_turn|end_of_turn)>|\[\/?INST\]|<<\/?SYS>>)/;
  const COLOURS = 8;

  const marked = (text) =>
    text
      .split(SPECIAL)
      .map((part, place) => (place % 2 ? make("b", { class: "special" }, part) : part));

  const pieces = (data, list) =>
    list.map(([kind, text]) => {
      const [role, section] = data.kinds[kind];
      return { role, section, text: data.texts[text] };
    });

  // The sections' names of the whole run, in the order in which they first come.
  const names = (data) =>
    [...new Set(data.kinds.map(([, section]) => section))].filter((section) => section !== "");
  const tone = (data, section) => `s${names(data).indexOf(section) % COLOURS}`;

  // Pieces of one section beside each other, for a case's text is a piece of its own.
  const runs = (list) => {
    const found = [];
    for (const piece of list) {
      const last = found.at(-1);
      if (last && last.role === piece.role && last.section === piece.section) {
        last.texts.push(piece.text);
      } else found.push({ ...piece, texts: [piece.text] });
    }
    return found;
  };

  const part = (data, { role, section, texts }) => {
    const content = texts.map(marked);
    if (!role) return make("span", { class: "wrapper" }, content);
    if (!section) return make("span", { class: "loose" }, content);
    return make(
      "span",
      { class: `section ${tone(data, section)}` },
      make("span", { class: "label" }, section),
      content,
    );
  };

  const legend = (data, list) => {
    const lengths = new Map();
    for (const { role, section, text } of list) {
      const name = role ? section || "no section" : "chat template";
      // Characters as a reader counts them, not UTF-16 units.
      lengths.set(name, (lengths.get(name) ?? 0) + [...text].length);
    }
    const look = (name) => {
      if (name === "chat template") return "wrapper";
      return name === "no section" ? "loose" : `section ${tone(data, name)}`;
    };
    return make(
      "ul",
      { class: "parts" },
      [...lengths].map(([name, length]) =>
        make(
          "li",
          null,
          make("span", { class: look(name) }, name),
          ` ${bench.count(length, "character")}`,
        ),
      ),
      list.some(({ text }) => SPECIAL.test(text)) &&
        make("li", null, make("b", { class: "special" }, "special token"), ", by its look"),
    );
  };

  const dialogue = (data, list) => {
    const turns = [];
    let open = null;
    for (const piece of list) {
      if (!piece.role) open = null;
      else if (open?.role === piece.role) open.list.push(piece);
      else turns.push((open = { role: piece.role, list: [piece] }));
    }
    return turns;
  };

  const turn = (data, { role, list }, place) =>
    make(
      "li",
      { class: `turn ${role}` },
      make("p", { class: "role" }, role),
      make(
        "div",
        {
          class: "text",
          dir: "auto",
          tabindex: "0",
          role: "group",
          "aria-label": `Message ${place + 1}, ${role}`,
        },
        runs(list).map((one) => part(data, one)),
      ),
    );

  return (data, output, what, copy) => {
    if (output.prompt === undefined) return null;
    const [whole, before] = data.prompts[output.prompt].map((list) => pieces(data, list));
    const told = before.length ? before : whole;
    const turns = dialogue(data, told);
    const text = whole.map((piece) => piece.text).join("");
    return make(
      "details",
      { class: "seen" },
      make("summary", null, `Prompt, ${bench.count(output.promptTokens, "token")}`),
      before.length > 0 &&
        make(
          "p",
          { class: "aside" },
          "The model’s chat template has changed the messages’ text, so it is not known where they stand in the prompt. They are shown below it as they were before.",
        ),
      legend(data, told),
      make(
        "pre",
        { dir: "auto", tabindex: "0", role: "group", "aria-label": `Prompt of ${what}` },
        runs(whole).map((one) => part(data, one)),
      ),
      make("p", null, copy("Copy prompt", () => text)),
      (turns.length > 1 || before.length > 0) &&
        make(
          "details",
          { class: "dialogue" },
          make("summary", null, `As a dialogue of ${bench.count(turns.length, "message")}`),
          make("ol", null, turns.map((one, place) => turn(data, one, place))),
        ),
    );
  };
})();
