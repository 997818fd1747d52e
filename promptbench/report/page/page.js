"use strict";
// Starts the page: the matrix, the case of a link, printing.
(() => {
  const { byId } = bench;

  // Print shows what is folded, and folds it again.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const item of opened) item.open = true;
  });
  addEventListener("afterprint", () => {
    for (const item of opened) item.open = false;
  });

  // `data-ready` tells that the page can be used: the matrix is there, a linked case is open.
  const start = async () => {
    await bench.painted();
    const data = await bench.figures();
    const open = (number) => (location.hash = `#case-${number + 1}`);
    const matrix = bench.matrix(byId("matrix"), data, open);
    await bench.opened(byId("case"), data, matrix);
    document.documentElement.setAttribute("data-ready", "");
    await data.whole();
    document.documentElement.setAttribute("data-whole", "");
  };
  start().catch((error) => {
    byId("matrix").textContent = "The cases could not be unpacked. A newer browser may do it.";
    throw error;
  });
})();
