"use strict";
// The matrix: cases down, candidates across.
bench.matrix = async (place) => {
  const data = await bench.load();
  place.replaceChildren(
    bench.make(
      "ol",
      null,
      data.cases.map(({ id }, number) =>
        bench.make("li", null, bench.make("a", { href: `#case-${number + 1}` }, id)),
      ),
    ),
  );
};
