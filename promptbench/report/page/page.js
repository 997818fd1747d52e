"use strict";
// Starts the page: links to cases, printing.
(() => {
  const { byId } = bench;

  // A link to a case, #case-12, opens it; any other link closes it.
  const arrive = async () => {
    const [, number] = /^#case-(\d+)$/.exec(location.hash) ?? [];
    const place = byId("case");
    const there = number >= 1 && number <= bench.meta.cases;
    place.hidden = !there;
    if (!there) return;
    const data = await bench.load();
    place.replaceChildren(bench.caseView(data, number - 1));
    place.scrollIntoView();
  };

  // Print shows what is folded, and folds it again.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const item of opened) item.open = true;
  });
  addEventListener("afterprint", () => {
    for (const item of opened) item.open = false;
  });

  addEventListener("hashchange", arrive);
  // `data-ready` tells that the page can be used.
  bench
    .matrix(byId("matrix"))
    .then(arrive)
    .then(() => document.documentElement.setAttribute("data-ready", ""));
})();
