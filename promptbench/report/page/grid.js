"use strict";
// The matrix's grid: only rows in sight are in the page; arrows move the cell that has the focus.
// Follows the grid pattern of the ARIA Authoring Practices (w3.org/WAI/ARIA/apg/patterns/grid).
(() => {
  const { make, meta, visible } = bench;
  const HEIGHT = { plain: 2.75, outputs: 5.5 }; // rem; matrix.css lays the rows out in them
  const BEYOND = 6; // rows that are drawn beyond the edges
  const columns = meta.candidates.length + 1;

  const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);

  // The header: each candidate's name is a button that sorts by it.
  const header = (view, sortBy) => {
    const title = (candidate) => {
      const { by, a, down } = view.order;
      const sorted = by === "value" && a === candidate;
      return make(
        "div",
        {
          role: "columnheader",
          class: "sheet-head",
          "aria-colindex": candidate + 2,
          "aria-sort": sorted ? (down ? "descending" : "ascending") : null,
        },
        make(
          "button",
          {
            type: "button",
            tabindex: -1,
            title: visible(meta.candidates[candidate].name),
            onclick: () => sortBy(candidate),
          },
          bench.name(candidate),
          sorted && make("span", { class: "sheet-sort", "aria-hidden": "true" }, down ? "↓" : "↑"),
        ),
      );
    };
    return [
      make(
        "div",
        { role: "columnheader", class: "sheet-case", tabindex: -1, "aria-colindex": 1 },
        "Case",
      ),
      meta.candidates.map((_, candidate) => title(candidate)),
    ];
  };

  // `open(number)` is asked to open a case, `sortBy(candidate)` to sort by one.
  bench.grid = (data, view, { open, sortBy }) => {
    const rows = new Map();
    const active = { place: 0, column: 0 }; // place -1 is the header
    let height = 44;

    const head = make("div", { role: "row", class: "sheet-row sheet-top", "aria-rowindex": 1 });
    const body = make("div", { role: "rowgroup", class: "sheet-body" });
    const element = make(
      "div",
      { role: "grid", class: "sheet", "aria-label": "Cases by candidates", "aria-colcount": columns },
      make("div", { role: "rowgroup", class: "sheet-headings" }, head),
      body,
    );
    element.style.setProperty("--candidates", columns - 1);

    const cellAt = ({ place, column }) => {
      const cell = (place < 0 ? head : rows.get(place))?.children[column];
      return cell?.querySelector("button") ?? cell;
    };
    // One cell of the grid is a tab stop.
    const stop = () => {
      for (const each of element.querySelectorAll("[tabindex='0']")) each.tabIndex = -1;
      const cell = cellAt(active);
      if (cell) cell.tabIndex = 0;
    };

    const inSight = () => {
      const first = Math.floor(element.scrollTop / height) - BEYOND;
      const last = Math.ceil((element.scrollTop + element.clientHeight) / height) + BEYOND;
      const places = [];
      const end = Math.min(view.list.length, last);
      for (let place = Math.max(0, first); place < end; place++) places.push(place);
      return places;
    };

    // The row with the focus stays, wherever one scrolls.
    const wanted = () => {
      const places = inSight();
      const { place } = active;
      if (place < 0 || place >= view.list.length || places.includes(place)) return places;
      return place < (places[0] ?? 0) ? [place, ...places] : [...places, place];
    };

    const draw = () => {
      const places = wanted();
      const kept = new Set(places);
      for (const [place, row] of rows) {
        if (kept.has(place)) continue;
        row.remove();
        rows.delete(place);
      }
      let next = body.firstChild;
      for (const place of places) {
        let row = rows.get(place);
        if (row) {
          next = row.nextSibling;
          continue;
        }
        row = bench.row(data, view, place);
        row.style.setProperty("--top", `${place * height}px`);
        rows.set(place, row);
        body.insertBefore(row, next);
      }
      stop();
      complete(places);
    };

    // Outputs and reasons whose block is not unpacked yet come when it is.
    const complete = (places) => {
      const { list } = view;
      const late = places
        .filter((place) => !data.there(list[place]))
        .filter((place) => view.outputs || rows.get(place).querySelector(".sheet-lack"));
      if (!late.length) return;
      Promise.all(late.map((place) => data.ready(list[place]))).then(() => {
        if (view.list === list && late.some((place) => rows.has(place))) redraw();
      });
    };

    // Draw all rows anew, where they are; the focus stays on its cell.
    const redraw = () => {
      const focused = element.contains(document.activeElement);
      height = Math.round(rem() * (view.outputs ? HEIGHT.outputs : HEIGHT.plain));
      element.style.setProperty("--row", `${height}px`);
      element.setAttribute("aria-rowcount", view.list.length + 1);
      body.style.setProperty("height", `${view.list.length * height}px`);
      head.replaceChildren(...header(view, sortBy).flat());
      rows.clear();
      body.replaceChildren();
      draw();
      if (focused) cellAt(active)?.focus({ preventScroll: true });
    };

    // Bring a place into sight, and give its cell the focus.
    const go = (place, column) => {
      active.place = Math.min(Math.max(place, -1), view.list.length - 1);
      active.column = Math.min(Math.max(column, 0), columns - 1);
      const room = element.clientHeight - head.offsetHeight;
      const top = active.place * height;
      if (active.place >= 0) {
        element.scrollTop = Math.min(top, Math.max(element.scrollTop, top + height - room));
      }
      draw();
      const cell = cellAt(active);
      cell?.focus({ preventScroll: true });
      cell?.scrollIntoView({ block: "nearest", inline: "nearest" });
    };

    const page = () => Math.max(1, Math.floor(element.clientHeight / height) - 2);
    const moves = {
      ArrowDown: () => [active.place + 1, active.column],
      ArrowUp: () => [active.place - 1, active.column],
      ArrowRight: () => [active.place, active.column + 1],
      ArrowLeft: () => [active.place, active.column - 1],
      PageDown: () => [active.place + page(), active.column],
      PageUp: () => [Math.max(0, active.place - page()), active.column],
      Home: ({ ctrlKey }) => [ctrlKey ? 0 : active.place, 0],
      End: ({ ctrlKey }) => [ctrlKey ? view.list.length - 1 : active.place, columns - 1],
    };
    const press = (event) => {
      if (event.altKey || event.metaKey || (event.ctrlKey && !/Home|End/.test(event.key))) return;
      if (moves[event.key]) {
        event.preventDefault();
        go(...moves[event.key](event));
      } else if ((event.key === "Enter" || event.key === " ") && active.place >= 0) {
        event.preventDefault();
        open(view.list[active.place]);
      }
    };
    // Where the focus comes by a click, the arrows go on from there.
    const arrive = ({ target }) => {
      const cell = target.closest("[aria-colindex]");
      if (!cell) return;
      active.place = Number(cell.closest("[role='row']").dataset.place ?? -1);
      active.column = Number(cell.getAttribute("aria-colindex")) - 1;
      stop();
    };
    const click = ({ target }) => {
      const row = target.closest("[data-place]");
      // A link opens its case by itself.
      if (row && !target.closest("a")) open(view.list[row.dataset.place]);
    };

    let waiting = false;
    const scroll = () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        draw();
      });
    };
    element.addEventListener("scroll", scroll, { passive: true });
    element.addEventListener("keydown", press);
    element.addEventListener("focusin", arrive);
    body.addEventListener("click", click);
    new ResizeObserver(scroll).observe(element);

    return {
      element,
      redraw,
      // Show another list from its top; who sorts by a header stays on it.
      show: () => {
        if (active.place >= 0) Object.assign(active, { place: 0, column: 0 });
        element.scrollTop = 0;
        redraw();
      },
      // Give a case's row the focus, if it is shown.
      focus: (number) => {
        const place = view.list.indexOf(number);
        if (place >= 0) go(place, active.column);
        return place >= 0;
      },
    };
  };
})();
