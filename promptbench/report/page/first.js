"use strict";
// The first screen: another baseline, copying it as Markdown, and where one is on the page.
(() => {
  const { byId } = bench;
  const boards = [...document.querySelectorAll(".board")];
  const chosen = () => boards.find((board) => !board.hidden);

  document.querySelector("#ranking .choices").hidden = false;

  const baseline = byId("baseline");
  const show = () => {
    for (const board of boards) board.hidden = board.dataset.board !== baseline.value;
  };
  baseline?.addEventListener("change", show);
  // A page that is loaded again may come back with the choice of before.
  if (baseline) show();

  // Where there is no clipboard (a page that is no secure place), a selection is copied.
  const copied = (text) => {
    const place = bench.make("textarea", { "aria-hidden": "true", tabindex: "-1" });
    place.value = text;
    document.body.append(place);
    place.select();
    const done = document.execCommand("copy");
    place.remove();
    return done;
  };
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return copied(text);
    }
  };
  byId("copy").addEventListener("click", async () => {
    const text = chosen().querySelector("template.markdown").content.textContent;
    const done = await copy(text);
    byId("copied").textContent = done ? "Copied." : "The browser does not allow it.";
    setTimeout(() => (byId("copied").textContent = ""), 4000);
  });

  // The link of the section that is read is marked, and kept in sight.
  const links = new Map(
    [...document.querySelectorAll(".contents a")].map((link) => [link.hash.slice(1), link]),
  );
  const row = document.querySelector(".contents div");
  const mark = (id) => {
    for (const [each, link] of links) {
      if (each === id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    const link = links.get(id);
    if (link) row.scrollLeft = link.offsetLeft - row.offsetLeft - row.clientWidth / 2 + link.offsetWidth / 2;
  };
  const seen = new IntersectionObserver(
    (entries) => entries.filter((each) => each.isIntersecting).forEach((each) => mark(each.target.id)),
    { rootMargin: "-20% 0px -70% 0px" },
  );
  for (const id of links.keys()) if (byId(id)) seen.observe(byId(id));
})();
