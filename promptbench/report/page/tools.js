"use strict";
// What stands above the matrix: search, sort, filters as chips, what to take away.
(() => {
  const { make, meta, order } = bench;
  const REST = 120; // milliseconds without a key before a search begins

  const labelled = (label, control, attributes) =>
    make("label", attributes, make("span", null, label), control);
  const select = (options, attributes) =>
    make("select", attributes, options.map(([value, text]) => make("option", { value }, text)));
  const candidates = () => meta.candidates.map(({ name }, place) => [place, name]);

  // Sort: what by, which way round, and of a difference between whom.
  const sorting = (view, changed) => {
    const kinds = Object.entries(order.KINDS)
      .filter(([kind]) => meta.metrics.length || !["spread", "best", "difference"].includes(kind))
      .filter(([kind]) => meta.candidates.length > 1 || !["spread", "difference"].includes(kind))
      .filter(([, { label }]) => label)
      .map(([kind, { label }]) => [kind, label]);
    const values = meta.metrics.length
      ? candidates().map(([place, name]) => [`value ${place}`, `Value of ${name}`])
      : [];
    const [file, ...rest] = kinds;
    const by = select([file, ...values, ...rest]);
    const other = candidates().map(([place, name]) => [place, `minus ${name}`]);
    const a = select(candidates(), { "aria-label": "Difference: from this candidate" });
    const b = select(other, { "aria-label": "Difference: minus this candidate" });
    const pair = make("span", { class: "pair-of" }, a, b);
    const way = make("button", { type: "button" });

    const set = (found) => {
      Object.assign(view.order, found);
      follow();
      changed();
    };
    const follow = () => {
      const { by: kind, a: first, b: second, down } = view.order;
      by.value = kind === "value" ? `value ${first}` : kind;
      pair.hidden = kind !== "difference";
      if (kind === "difference") [a.value, b.value] = [first, second];
      way.textContent = down ? "↓ Descending" : "↑ Ascending";
    };
    by.addEventListener("change", () => {
      const [kind, place] = by.value.split(" ");
      const places = kind === "difference" ? { a: 0, b: 1 } : { a: Number(place ?? 0) };
      set({ by: kind, ...places, down: order.KINDS[kind].down });
    });
    a.addEventListener("change", () => set({ a: Number(a.value) }));
    b.addEventListener("change", () => set({ b: Number(b.value) }));
    way.addEventListener("click", () => set({ down: !view.order.down }));
    // A header: first the highest, then the lowest, then the file's order again.
    const sortBy = (candidate) => {
      const { by: kind, a: now, down } = view.order;
      const same = kind === "value" && now === candidate;
      if (same && !down) set({ by: "file", down: false });
      else set({ by: "value", a: candidate, down: !same });
    };
    follow();
    return { parts: [labelled("Sort", by), pair, way], sortBy };
  };

  const chip = (words, remove) =>
    make(
      "li",
      null,
      make("bdi", null, words),
      make("button", { type: "button", onclick: remove, "aria-label": bench.visible(`Remove: ${words}`) }, "×"),
    );

  const KEYS = [
    ["/", "search"],
    ["arrows", "move"],
    ["Enter", "open the case"],
    ["j or n", "next case"],
    ["k or p", "case before"],
    ["Escape", "close it"],
    ["?", "these keys"],
  ];
  const keys = () =>
    make(
      "details",
      { class: "keys" },
      make("summary", null, make("kbd", null, "?"), " Keys"),
      make("p", null, KEYS.map(([key, does]) => make("span", null, make("kbd", null, key), ` ${does}`))),
    );

  const takeAway = (data, view, tell) => {
    const csv = () => {
      bench.table.save(bench.table.csv(data, view), "text/csv", `${meta.run}-cases.csv`);
    };
    const markdown = async () => {
      const done = await bench.table.copy(bench.table.markdown(data, view));
      tell(done ? "Copied as Markdown." : "This browser does not let the page copy.");
    };
    return [
      make("button", { type: "button", onclick: csv }, "Download CSV"),
      make("button", { type: "button", onclick: markdown }, "Copy table as Markdown"),
    ];
  };

  // Keys that work wherever no text is typed and no dialog is open.
  const listen = (search, help) =>
    addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.closest?.("input, select, textarea, [contenteditable]")) return;
      if (document.querySelector("dialog[open]")) return;
      if (event.key === "/") search.focus();
      else if (event.key === "?") help.open = !help.open;
      else return;
      event.preventDefault();
      search.scrollIntoView({ block: "nearest" });
    });

  // `refresh()` selects and sorts anew, `redraw()` draws the same cases in another way.
  bench.tools = (data, view, { refresh, redraw }) => {
    const status = make("p", { class: "shown", role: "status" });
    const note = make("span", { class: "quiet", role: "status" });
    const chips = make("ul", { class: "chips", "aria-label": "Filters in force" });
    const search = make("input", { type: "search", id: "search", placeholder: "Words in a case or an output", autocomplete: "off", spellcheck: "false" });
    const metric = select(meta.metrics.map(({ label }, place) => [place, label]));
    const outputs = make("input", { type: "checkbox" });
    const help = keys();
    const sorts = sorting(view, refresh);
    let typing;

    const change = (key, made) => {
      if (made) view.filters.set(key, made);
      else view.filters.delete(key);
      follow();
      refresh();
    };
    const panel = bench.panel(data, change);
    const clear = () => {
      search.value = view.words = "";
      view.filters.clear();
      follow();
      refresh();
      search.focus();
    };
    const unsearch = () => {
      search.value = view.words = "";
      follow();
      refresh();
      search.focus();
    };
    const follow = () => {
      const made = [...view.filters].map(([key, { words }]) => chip(words, () => {
        change(key, null);
        (chips.querySelector("button") ?? search).focus();
      }));
      const words = view.words.trim();
      if (words) made.unshift(chip(`“${words}”`, unsearch));
      const all = make("li", null, make("button", { type: "button", class: "clear", onclick: clear }, "Clear all"));
      chips.replaceChildren(...(made.length ? [...made, all] : []));
      panel.follow(view.filters);
    };

    search.addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(() => {
        view.words = search.value;
        follow();
        refresh();
      }, REST);
    });
    if (meta.metrics.length) metric.value = view.metric;
    metric.addEventListener("change", () => {
      view.metric = Number(metric.value);
      // What is sorted by length or by file stays where it is.
      if (["file", "input", "output", "tokens", "seconds"].includes(view.order.by)) redraw();
      else refresh();
    });
    outputs.addEventListener("change", () => {
      view.outputs = outputs.checked;
      redraw();
    });
    listen(search, help);

    return {
      element: make(
        "div",
        { class: "tools", role: "search", "aria-label": "Cases" },
        make(
          "div",
          { class: "tools-line" },
          labelled("Search", search, { class: "wide" }),
          meta.metrics.length > 1 && labelled("Show", metric),
          sorts.parts,
          make("label", { class: "switch" }, outputs, "Outputs"),
        ),
        panel.element,
        chips,
        make("div", { class: "tools-line" }, status, takeAway(data, view, (text) => (note.textContent = text)), note, help),
      ),
      sortBy: sorts.sortBy,
      tell: (text) => {
        status.textContent = text;
        note.textContent = "";
      },
    };
  };
})();
