"use strict";
// Two texts word by word. bench.diff(a, b) gives a list of { kind: "same" | "gone" | "new", text }:
// what is the same or new joins to b; what is gone is of a alone. White space goes with the word
// before it, and its differences do not count. The list is `coarse` where it is not the shortest.
bench.diff = (() => {
  // Steps that the shortest difference may take; beyond that the words that occur once guide it.
  const WORK = 4e6;
  const EDITS = 1500;
  const WORD = /^\s+|(?:[\p{L}\p{N}\p{M}_]+(?:['’.,@-][\p{L}\p{N}\p{M}_]+)*|[^\s])\s*/gu;
  const words = (text) => text.match(WORD) ?? [];

  // Myers 1986, "An O(ND) Difference Algorithm": pairs [i, j] of equal words, or null past `most`.
  const myers = (a, b, most) => {
    const furthest = new Map([[1, 0]]);
    const trail = [];
    for (let edits = 0; edits <= most; edits += 1) {
      const reached = new Int32Array(2 * edits + 1);
      for (let line = -edits; line <= edits; line += 2) {
        const down = furthest.get(line + 1) ?? -1;
        const right = furthest.get(line - 1) ?? -1;
        let i = line === -edits || (line !== edits && right < down) ? down : right + 1;
        while (i < a.length && i - line < b.length && a[i] === b[i - line]) i += 1;
        furthest.set(line, i);
        reached[line + edits] = i;
        if (i >= a.length && i - line >= b.length) return walk(a, b, [...trail, reached]);
      }
      trail.push(reached);
    }
    return null;
  };

  // From the end back to the beginning: the steps along which words were equal.
  const walk = (a, b, trail) => {
    const pairs = [];
    let [i, j] = [a.length, b.length];
    for (let edits = trail.length - 1; edits >= 0; edits -= 1) {
      const line = i - j;
      let [before, other] = [0, 0];
      if (edits > 0) {
        const at = (place) => trail[edits - 1][place + edits - 1] ?? -1;
        const down = line === -edits || (line !== edits && at(line - 1) < at(line + 1));
        const from = down ? line + 1 : line - 1;
        before = at(from);
        other = before - from;
        const [low, high] = down ? [before, other + 1] : [before + 1, other];
        while (i > low && j > high) pairs.push([(i -= 1), (j -= 1)]);
      } else {
        while (i > 0 && j > 0) pairs.push([(i -= 1), (j -= 1)]);
      }
      [i, j] = [before, other];
    }
    return pairs.reverse();
  };

  // Words that occur once in both, as many as keep their order (patience), and what is equal
  // around them.
  const patience = (a, b) => {
    const once = (list) => {
      const places = new Map();
      list.forEach((word, place) => places.set(word, places.has(word) ? -1 : place));
      return places;
    };
    const [left, right] = [once(a), once(b)];
    const anchors = [...left]
      .filter(([word, place]) => place >= 0 && (right.get(word) ?? -1) >= 0)
      .map(([word, place]) => [place, right.get(word)]);
    const pairs = [];
    let [i, j] = [0, 0];
    for (const [x, y] of [...rising(anchors), [a.length, b.length]]) {
      if (x < i || y < j) continue;
      while (i < x && j < y && a[i] === b[j]) pairs.push([i++, j++]);
      const back = [];
      let [p, q] = [x, y];
      while (p > i && q > j && a[p - 1] === b[q - 1]) back.push([(p -= 1), (q -= 1)]);
      pairs.push(...back.reverse());
      [i, j] = [x, y];
      if (i < a.length) pairs.push([i++, j++]);
    }
    return pairs;
  };

  // The longest run of pairs, rising on the left, that rises on the right too.
  const rising = (pairs) => {
    const tops = [];
    const before = pairs.map(() => -1);
    pairs.forEach(([, right], place) => {
      let [low, high] = [0, tops.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (pairs[tops[middle]][1] < right) low = middle + 1;
        else high = middle;
      }
      before[place] = low ? tops[low - 1] : -1;
      tops[low] = place;
    });
    const found = [];
    for (let place = tops.at(-1) ?? -1; place >= 0; place = before[place]) found.push(pairs[place]);
    return found.reverse();
  };

  return (a, b) => {
    const [old, fresh] = [words(a), words(b)];
    const [left, right] = [old, fresh].map((list) => list.map((word) => word.trim()));
    const most = Math.min(EDITS, Math.floor(WORK / (left.length + right.length + 1)));
    const exact = myers(left, right, most);
    const parts = [];
    const add = (kind, text) => {
      if (parts.at(-1)?.kind === kind) parts.at(-1).text += text;
      else if (text) parts.push({ kind, text });
    };
    let [i, j] = [0, 0];
    for (const [x, y] of [...(exact ?? patience(left, right)), [old.length, fresh.length]]) {
      add("gone", old.slice(i, x).join(""));
      add("new", fresh.slice(j, y).join(""));
      add("same", fresh[y] ?? "");
      [i, j] = [x + 1, y + 1];
    }
    parts.coarse = exact === null;
    return parts;
  };
})();
