"use strict";
(() => {
  const element = (id) => document.getElementById(id);
  const { orders } = JSON.parse(element("data").textContent);
  const list = element("case-list");
  const cases = Array.from(list.children);
  const filter = element("filter");
  const words = () => filter.value.toLowerCase().split(/\s+/).filter(Boolean);

  // Read when first needed: most readers of a large report never filter it.
  let texts;
  const read = () => (texts ??= cases.map((item) => item.textContent.toLowerCase()));

  const show = () => {
    const wanted = words();
    let shown = 0;
    cases.forEach((item, place) => {
      const fits = !wanted.length || wanted.every((word) => read()[place].includes(word));
      item.hidden = !fits;
      shown += fits;
    });
    element("nothing").hidden = shown > 0 || !cases.length;
    const all = cases.length.toLocaleString("en");
    const noun = cases.length === 1 ? "case" : "cases";
    element("shown").textContent =
      shown === cases.length ? `${all} ${noun}` : `${shown.toLocaleString("en")} of ${all} ${noun}`;
  };

  const sort = () => list.append(...orders[element("sort").value].map((place) => cases[place]));

  // A link to a case must arrive there, also when the filter hides it.
  const arrive = () => {
    const target = cases.find((item) => `#${item.id}` === location.hash);
    if (!target) return;
    if (target.hidden) {
      filter.value = "";
      show();
    }
    target.scrollIntoView();
  };

  // Print shows every prompt, and folds again what was folded.
  const folded = Array.from(document.querySelectorAll("details"));
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = folded.filter((item) => !item.open);
    for (const item of opened) item.open = true;
  });
  addEventListener("afterprint", () => {
    for (const item of opened) item.open = false;
  });

  let waiting;
  filter.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, 80);
  });
  element("sort").addEventListener("change", sort);
  element("toolbar").addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", arrive);
  element("toolbar").hidden = false;
  // Browsers keep what was typed and chosen when a page is loaded again.
  sort();
  show();
  arrive();
})();
