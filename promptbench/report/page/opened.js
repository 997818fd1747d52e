"use strict";
// A case in a dialog over the page, with the next and the one before in the matrix's order.
bench.opened = (dialog, data, matrix) => {
  const { make, meta } = bench;
  const total = data.cases.length;
  const title = make("h2", { class: "opened-title", id: "opened-title" });
  const body = make("div", { class: "opened-body", tabindex: 0, role: "region", "aria-labelledby": "opened-title" });
  const button = (text, label, onclick) =>
    make("button", { type: "button", title: label, "aria-label": label, onclick }, text);
  const back = button("←", "Case before (k)", () => step(-1));
  const next = button("→", "Next case (j)", () => step(1));
  const close = button("×", "Close (Escape)", () => dialog.close());
  dialog.setAttribute("aria-labelledby", "opened-title");
  dialog.replaceChildren(make("div", { class: "opened-bar" }, title, back, next, close), body);

  let number = null;
  // Cases that the matrix shows, in its order; one that it does not show stands in the file's.
  const order = () => {
    const list = matrix.list();
    return list.includes(number) ? list : data.cases.map((_, each) => each);
  };

  const show = async (wanted) => {
    number = wanted;
    const list = order();
    const place = list.indexOf(number);
    const of = list.length < total ? ` · ${place + 1} of ${list.length} shown` : ` of ${total}`;
    title.textContent = `Case ${(number + 1).toLocaleString("en")}${of}`;
    back.disabled = place === 0;
    next.disabled = place === list.length - 1;
    if (!dialog.open) {
      dialog.showModal();
      body.focus();
    }
    await data.ready(wanted);
    if (number !== wanted) return;
    body.replaceChildren(bench.caseView(data, wanted));
    body.scrollTop = 0;
  };

  const step = (by) => {
    const list = order();
    const wanted = list[list.indexOf(number) + by];
    if (wanted === undefined) return;
    history.replaceState(history.state, "", `#case-${wanted + 1}`);
    show(wanted);
  };

  dialog.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) return;
    const by = { j: 1, n: 1, k: -1, p: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    step(by);
  });
  // A click beside the dialog closes it.
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
  dialog.addEventListener("close", () => {
    const left = number;
    number = null;
    body.replaceChildren();
    leave();
    matrix.focus(left);
  });

  // The address follows: what opened by a step in the browser's history is left by a step back.
  let stepped = false;
  const wantedBy = (address) => {
    const [, found] = /#case-(\d+)$/.exec(address) ?? [];
    return found >= 1 && found <= total ? found - 1 : null;
  };
  const leave = () => {
    if (wantedBy(location.hash) === null) return;
    if (stepped) history.back();
    else history.replaceState(history.state, "", location.href.split("#")[0]);
    stepped = false;
  };
  const arrive = async () => {
    const wanted = wantedBy(location.hash);
    if (wanted !== null) await show(wanted);
    else if (dialog.open) dialog.close();
  };
  addEventListener("hashchange", async () => {
    stepped = wantedBy(location.hash) !== null;
    await arrive();
  });
  return arrive();
};
