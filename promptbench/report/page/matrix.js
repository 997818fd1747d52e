"use strict";
// The matrix of all cases: what is chosen above it, and the grid. Gives { list(), focus(number) }.
bench.matrix = (place, data, open) => {
  const { make, meta } = bench;
  const total = data.cases.length;
  // All that the parts share; `list` has the numbers of the cases that are shown, in their order.
  const view = {
    metric: meta.metrics.length ? (meta.primary ?? 0) : null,
    outputs: false,
    words: "",
    filters: new Map(),
    order: { by: "file", a: 0, b: 1, down: false },
    list: data.cases.map((_, number) => number),
  };
  if (!total) {
    place.replaceChildren(make("p", { class: "aside" }, "The run has no cases."));
    return { list: () => view.list, focus: () => false };
  }

  const told = () => {
    const all = bench.count(total, "case");
    const shown = view.list.length;
    return shown === total ? all : `${shown.toLocaleString("en")} of ${all}`;
  };
  // Only the last question is answered: whoever types on has a new one.
  let question = 0;
  const refresh = async () => {
    const mine = ++question;
    const live = () => mine === question;
    grid.element.setAttribute("aria-busy", "true");
    const slow = setTimeout(() => live() && tools.tell("Looking …"), 200);
    const numbers = await bench.filter.select(data, view, live);
    const list = numbers && (await bench.order.sort(data, view, numbers, live));
    clearTimeout(slow);
    if (!list || !live()) return;
    view.list = list;
    grid.show();
    grid.element.removeAttribute("aria-busy");
    nothing.hidden = list.length > 0;
    tools.tell(told());
  };

  const grid = bench.grid(data, view, { open, sortBy: (candidate) => tools.sortBy(candidate) });
  const tools = bench.tools(data, view, { refresh, redraw: grid.redraw });
  const nothing = make("p", { class: "aside", hidden: true }, "No case passes these filters.");
  place.replaceChildren(tools.element, grid.element, nothing);
  tools.tell(told());
  grid.redraw();
  return { list: () => view.list, focus: grid.focus };
};
