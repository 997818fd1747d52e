"use strict";
// What all parts of the page's script share: `bench`. Texts go into the page as text nodes only.
const bench = (() => {
  const byId = (id) => document.getElementById(id);
  const meta = JSON.parse(byId("data").textContent);
  const SVG = "http://www.w3.org/2000/svg";

  // Controls, and characters that let a text show itself in another order, are named instead.
  const HIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;
  const visible = (text) =>
    text.replace(HIDDEN, (sign) => {
      const code = sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
      return `[U+${code}]`;
    });

  // make("p", { class: "quiet", onclick: f }, "text", child, null, [more])
  const fill = (node, attributes, children) => {
    for (const [name, value] of Object.entries(attributes ?? {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else node.setAttribute(name, value === true ? "" : value);
    }
    for (const child of children.flat(Infinity)) {
      if (child === null || child === undefined || child === false) continue;
      node.append(child instanceof Node ? child : visible(String(child)));
    }
    return node;
  };
  const make = (tag, attributes, ...children) =>
    fill(document.createElement(tag), attributes, children);
  const draw = (tag, attributes, ...children) =>
    fill(document.createElementNS(SVG, tag), attributes, children);

  const fixed = (value, decimals) => {
    if (value === null || value === undefined || !Number.isFinite(value)) return "–";
    const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    const text = value.toLocaleString("en", digits);
    return (/[1-9]/.test(text) ? text : text.replace("-", "")).replace("-", "−");
  };
  const count = (number, noun) =>
    `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

  // A metric's value as its tables write it; of a binary one yes or no, where it is a whole case.
  const show = (metric, value) => {
    const { binary, decimals } = meta.metrics[metric];
    if (binary && value === 1) return "yes";
    if (binary && value === 0) return "no";
    return fixed(value, decimals);
  };
  const signed = (metric, value) => {
    const text = fixed(value, meta.metrics[metric].decimals);
    return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
  };

  const glyph = (candidate) => {
    const { colour, shape } = meta.candidates[candidate];
    const path = draw("path", { d: meta.shapes[shape] });
    return draw(
      "svg",
      { class: `glyph c${colour}`, viewBox: "-7 -7 14 14", "aria-hidden": "true" },
      path,
    );
  };
  const name = (candidate) =>
    make("span", { class: "name" }, glyph(candidate), make("bdi", null, meta.candidates[candidate].name));

  return { meta, byId, make, draw, fixed, count, show, signed, visible, glyph, name };
})();
