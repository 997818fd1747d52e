"use strict";
// Blind rating: the screens of the dialog and what the keys do. session.js knows the rest.
(() => {
  const { byId, make } = bench;
  const dialog = byId("rate");
  if (!dialog) return;
  const setup = byId("rate-setup");
  const note = byId("rate-note");
  const MANY = 40;
  const KEYS = { 1: "left", a: "left", 2: "right", b: "right", 0: "tie", t: "tie", s: "skip" };

  let data = null;
  let session = null;
  let changed = false; // whether the session holds what no file does
  let since = 0; // when the two outputs came into sight
  let spent = 0; // milliseconds that they were in sight before that

  const unsaved = () => changed && session.ratings.length > 0;
  const screen = (name) => {
    for (const each of dialog.querySelectorAll(".rate-screen")) each.hidden = each.id !== name;
    dialog.scrollTop = 0;
    byId({ "rate-setup": "rate-title", "rate-work": "rate-progress", "rate-end": "rate-done" }[name]).focus();
  };

  // Setup

  const chosen = () =>
    [...setup.querySelectorAll("[name=candidate]:checked")].map((each) => Number(each.value));
  const tellSupply = () => {
    const candidates = chosen();
    const enough = candidates.length > 1;
    const found = enough ? bench.session.supply(data, candidates) : { most: 0, identical: 0 };
    setup.wanted.max = Math.max(1, found.most);
    const same = found.identical
      ? ` ${bench.count(found.identical, "pair")} of identical outputs left out.`
      : "";
    byId("rate-supply").textContent = enough
      ? `${bench.count(found.most, "pair")} of outputs can be rated.${same}`
      : "Choose two candidates at least.";
    setup.querySelector(".main").disabled = !found.most;
    return found.most;
  };
  const seed = () => crypto.getRandomValues(new Uint32Array(1))[0];
  const prepare = () => {
    byId("rate-candidates").replaceChildren(
      ...bench.meta.candidates.map((_, place) =>
        make(
          "label",
          { class: "rate-check" },
          make("input", { type: "checkbox", name: "candidate", value: place, checked: true }),
          " ",
          bench.name(place),
        ),
      ),
    );
    setup.seed.value = seed();
    setup.wanted.value = Math.min(MANY, Math.max(1, tellSupply()));
    byId("rate-refused").textContent = "";
    setup.saved.value = "";
    screen("rate-setup");
  };

  // Work

  const look = ({ text }, letter) =>
    make(
      "article",
      { class: "rate-output", "aria-label": `Output ${letter}` },
      make("h3", null, letter),
      text.trim() ? make("div", { class: "said", dir: "auto" }, text) : make("p", { class: "quiet" }, "Empty."),
    );
  const given = (found) => [
    ...found.variables.map(([label, text]) => [
      make("h3", null, make("bdi", null, label)),
      make("div", { class: "text", dir: "auto" }, text),
    ]),
    session.references && found.references.length
      ? [
          make("h3", null, found.references.length > 1 ? "References" : "Reference"),
          found.references.map((text) => make("div", { class: "text", dir: "auto" }, text)),
        ]
      : null,
  ];
  const show = () => {
    const { items, ratings } = session;
    if (ratings.length >= items.length) return finish();
    const { number, left, right } = items[ratings.length];
    // Nothing that names a candidate stays in the dialog.
    byId("rate-candidates").replaceChildren();
    byId("rate-counts").replaceChildren();
    byId("rate-progress").textContent = `${ratings.length + 1} of ${items.length}`;
    const input = make("div", null, bench.before(data, number, [left, right]), given(data.cases[number]));
    byId("rate-input").replaceChildren(input);
    byId("rate-input").scrollTop = 0;
    byId("rate-outputs").replaceChildren(look(left, "A"), look(right, "B"));
    byId("rate-undo").disabled = !ratings.length;
    note.value = "";
    [since, spent] = [performance.now(), 0];
    screen("rate-work");
  };
  const working = () => dialog.open && !byId("rate-work").hidden;
  const rate = (verdict) => {
    const seconds = Math.round((spent + performance.now() - since) / 100) / 10;
    // Half of a surrogate pair is no character.
    const text = note.value.trim().replace(/\p{Surrogate}/gu, "");
    session.ratings.push({ verdict, note: text, seconds });
    changed = true;
    show();
  };
  const undo = () => {
    if (!session.ratings.length) return;
    const last = session.ratings.pop();
    changed = true;
    show();
    note.value = last.note;
  };

  // End

  const finish = () => {
    byId("rate-input").replaceChildren();
    byId("rate-outputs").replaceChildren();
    const skipped = session.ratings.filter(({ verdict }) => verdict === "skip").length;
    const rated = session.ratings.length - skipped;
    byId("rate-done").textContent =
      `${bench.count(rated, "rating")}` + (skipped ? `, ${skipped} skipped` : "");
    const head = ["Candidate", "Won", "Tied", "Lost"];
    const rows = bench.session.tally(session).map(({ candidate, wins, ties, losses }) =>
      make(
        "tr",
        null,
        make("th", { scope: "row" }, bench.name(candidate)),
        [wins, ties, losses].map((each) => make("td", { class: "figure" }, each)),
      ),
    );
    const heads = head.map((each, place) =>
      make("th", { scope: "col", class: place ? "figure" : null }, each),
    );
    const table = make("table", null, make("thead", null, make("tr", null, heads)), make("tbody", null, rows));
    byId("rate-counts").replaceChildren(table);
    byId("rate-command").textContent = `promptbench import-ratings ${fileName()}`;
    byId("rate-back").disabled = !session.ratings.length;
    screen("rate-end");
  };

  // It stands in a command to be copied: no sign in it may mean something to a shell.
  const fileName = () => {
    const run = bench.meta.run.replace(/[^\w.-]+/g, "-");
    const rater = session.rater.trim().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "");
    return `ratings-${run}${rater ? `-${rater.toLowerCase()}` : ""}.json`;
  };
  const save = () => {
    const text = `${JSON.stringify(bench.session.write(data, session), null, 1)}\n`;
    const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    make("a", { href: url, download: fileName() }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    changed = false;
    tell();
  };

  // In the page: what is in memory, and how to go on.

  const tell = () => {
    const count = session?.ratings.length ?? 0;
    byId("rate-open").textContent = session ? "Go on rating" : "Rate blind";
    byId("rate-new").hidden = byId("rate-keep").hidden = !session;
    const standing = unsaved() ? "not all of them saved" : "saved";
    byId("rate-state").textContent = count
      ? `${bench.count(count, "rating")} of ${session.rater} in this page’s memory, ${standing}.`
      : "";
  };
  const open = async (fresh) => {
    data ??= await bench.load();
    dialog.showModal();
    document.documentElement.classList.add("rating");
    if (fresh || !session) prepare();
    else show();
  };
  const leave = () => dialog.close();

  dialog.addEventListener("close", () => {
    document.documentElement.classList.remove("rating");
    tell();
  });
  setup.addEventListener("change", (event) => {
    if (event.target.name === "candidate") tellSupply();
  });
  setup.addEventListener("submit", (event) => {
    event.preventDefault();
    session = bench.session.begin(data, {
      rater: setup.rater.value.trim(),
      references: setup.references.checked,
      seed: Number(setup.seed.value),
      wanted: Number(setup.wanted.value),
      candidates: chosen(),
    });
    changed = false;
    show();
  });
  setup.saved.addEventListener("change", () => {
    const [file] = setup.saved.files;
    if (!file) return;
    const reader = new FileReader();
    reader.onload = () => {
      const found = bench.session.read(data, reader.result);
      if (typeof found === "string") {
        byId("rate-refused").textContent = found;
        return;
      }
      session = found;
      changed = false;
      show();
    };
    reader.onerror = () => {
      byId("rate-refused").textContent = "The file cannot be read.";
    };
    reader.readAsText(file);
  });

  dialog.addEventListener("keydown", (event) => {
    if (!working() || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target === note) {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault();
      byId("rate-progress").focus();
      return;
    }
    const key = event.key.toLowerCase();
    if (key === "n") note.focus();
    else if (key === "u") undo();
    else if (Object.hasOwn(KEYS, key)) rate(KEYS[key]);
    else return;
    event.preventDefault();
  });
  for (const each of dialog.querySelectorAll("[data-verdict]")) {
    each.addEventListener("click", () => rate(each.dataset.verdict));
  }
  for (const each of dialog.querySelectorAll(".rate-leave")) each.addEventListener("click", leave);
  byId("rate-undo").addEventListener("click", undo);
  byId("rate-back").addEventListener("click", undo);
  dialog.querySelector(".rate-save").addEventListener("click", save);
  byId("rate-open").addEventListener("click", () => open(false));
  byId("rate-new").addEventListener("click", () => {
    if (!unsaved() || confirm("There are ratings that are not saved. Begin anew without them?")) open(true);
  });
  byId("rate-keep").addEventListener("click", save);
  byId("rate-start").hidden = false;

  addEventListener("beforeunload", (event) => {
    if (unsaved()) event.preventDefault();
  });
  // A page in the background is not looked at.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) spent += performance.now() - since;
    else since = performance.now();
  });
})();
