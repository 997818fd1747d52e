"use strict";
// The list of runs: filters, two runs to compare, and what changes while a run is under way.
(() => {
  const byId = (id) => document.getElementById(id);
  const rows = () => [...document.querySelectorAll("tr[data-run]")];
  const checked = () => [...document.querySelectorAll("input[name=compare]:checked")];

  const filter = () => {
    const words = byId("words").value.toLowerCase().split(/\s+/).filter(Boolean);
    const [suite, status] = [byId("suite").value, byId("status").value];
    let shown = 0;
    for (const row of rows()) {
      const text = row.textContent.toLowerCase();
      row.hidden =
        (suite && row.dataset.suite !== suite) ||
        (status && row.dataset.status !== status) ||
        !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    const all = rows().length;
    byId("shown").textContent = `${shown === all ? "" : `${shown} of `}${all} run${all === 1 ? "" : "s"}`;
  };

  // At most two are checked: a third has to wait until one is given back.
  const choose = () => {
    const chosen = checked();
    for (const box of document.querySelectorAll("input[name=compare]")) {
      box.disabled = chosen.length === 2 && !box.checked;
    }
    byId("compare").disabled = chosen.length !== 2;
  };

  // The first of two runs is the older one, which stands lower in the list.
  const compare = () => {
    const [newer, older] = checked().map((box) => box.value);
    location.assign(`/compare?a=${encodeURIComponent(older)}&b=${encodeURIComponent(newer)}`);
  };

  const write = (row, { status, share, words }) => {
    row.dataset.status = status;
    for (const cell of row.querySelectorAll("[data-word]")) {
      const text = words[cell.dataset.word];
      if (cell.textContent !== text) cell.textContent = text;
    }
    row.querySelector(".bar rect").setAttribute("width", `${share}%`);
  };

  // A run that is not in the list yet needs a row: the list is loaded again, unless it is in use.
  const renew = (ids) => {
    // Once for each: a row that is missing all the same must not lead to a circle.
    if (sessionStorage.getItem("missing") === ids.join()) return;
    const busy = byId("words") && (checked().length > 0 || byId("words").value);
    if (!busy) {
      sessionStorage.setItem("missing", ids.join());
      location.reload();
      return;
    }
    const link = document.createElement("a");
    link.href = "/";
    link.textContent = "There is a new run: load the list again.";
    byId("news").replaceChildren(link);
  };

  const update = ({ lines }) => {
    const there = new Map(rows().map((row) => [row.dataset.run, row]));
    const missing = lines.map(({ id }) => id).filter((id) => !there.has(id));
    if (missing.length) renew(missing);
    for (const line of lines) if (there.has(line.id)) write(there.get(line.id), line);
    if (byId("words")) filter();
  };

  const SOON = 2;
  const live = async () => {
    let wait = SOON;
    try {
      if (!document.hidden) {
        const reply = await fetch("/live", { cache: "no-store" });
        if (reply.ok) {
          const found = await reply.json();
          update(found);
          wait = found.wait;
        }
      }
    } catch {
      // The server was stopped; it may come back.
      if (byId("news")) byId("news").textContent = "promptbench view does not answer any more.";
      wait = 10;
    }
    setTimeout(live, wait * 1000);
  };

  if (byId("words")) {
    byId("words").addEventListener("input", filter);
    for (const id of ["suite", "status"]) byId(id).addEventListener("change", filter);
    document.querySelector(".list").addEventListener("change", choose);
    byId("compare").addEventListener("click", compare);
    filter(); // a browser may have kept what was typed
    choose();
  }
  if (document.querySelector("[data-runs]")) live();
  document.documentElement.setAttribute("data-ready", "");
})();
