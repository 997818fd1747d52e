"use strict";
// The cases that are shown as a table to take away: CSV, or Markdown for a ticket.
(() => {
  const { meta, visible } = bench;
  const MOST = 200; // rows of Markdown
  // As in store/export.py: a spreadsheet runs a cell that begins so, also in wide letters, or behind
  // what it drops. A test holds both against the same texts.
  const FORMULA =
    /^'*(?:[\t\r\n]|[\s"`\0-\x1f\x7f-\x9f\xad\u180e\u200b-\u200f\u2060\ufeff]*[=+@\-\uff1d\uff0b\uff0d\uff20\u2212])/;

  // All texts stand in quotes: a bare carriage return in one would begin a row.
  const quoted = (text) => `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  const line = (cells) =>
    cells.map((cell) => (typeof cell === "string" ? quoted(cell) : (cell ?? ""))).join(",");

  // One row a case: its id, its cluster, then a column for each candidate and metric.
  const csv = (data, { list }) => {
    const pairs = meta.candidates.flatMap((_, candidate) =>
      meta.metrics.map((_, metric) => [candidate, metric]),
    );
    const titles = pairs.map(
      ([candidate, metric]) => `${meta.candidates[candidate].name} ${meta.metrics[metric].name}`,
    );
    const rows = list.map((number) => {
      const { id, cluster } = data.cases[number];
      return [id, cluster, ...pairs.map((pair) => data.value(pair[0], number, pair[1]))];
    });
    return [["case", "cluster", ...titles], ...rows].map((row) => `${line(row)}\n`).join("");
  };

  // Punctuation that Markdown reads is escaped: a text can draw no picture and begin no cell.
  const plain = (text) =>
    visible(text).replace(/\s+/g, " ").replace(/[\\`*_{}[\]<>|!~&$#]/g, "\\$&");
  const markdown = (data, view) => {
    const label = view.metric === null ? "" : plain(meta.metrics[view.metric].label);
    const shown = view.list.slice(0, MOST);
    const rows = shown.map((number) => [
      String(number + 1),
      plain(data.cases[number].id),
      ...meta.candidates.map((_, candidate) =>
        view.metric === null ? "" : bench.show(view.metric, data.value(candidate, number, view.metric)),
      ),
    ]);
    const names = meta.candidates.map(({ name }) => plain(name));
    const lines = [["", "case", ...names], ["--:", "---", ...names.map(() => "--:")], ...rows];
    const table = lines.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
    const rest = view.list.length - shown.length;
    const more = rest > 0 ? `\nand ${bench.count(rest, "more case")}\n` : "";
    return `${label}, ${bench.count(view.list.length, "case")} of run ${plain(meta.run)}\n\n${table}${more}`;
  };

  // Hand a text over as a file.
  const save = (text, type, file) => {
    const url = URL.createObjectURL(new Blob([text], { type }));
    bench.make("a", { href: url, download: file }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  };

  // Put a text into the clipboard; some browsers let a page from a file do so only the old way.
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = bench.make("textarea", { class: "hidden", "aria-hidden": "true" });
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  };

  bench.table = { csv, markdown, save, copy };
})();
