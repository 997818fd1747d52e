"use strict";
// Long work in slices: the page scrolls and hears keys between them.
(() => {
  const SLICE = 14; // milliseconds: a frame has 16

  bench.pause = () => new Promise((go) => setTimeout(go));

  // Call `each` with 0 to count - 1; where it gives a promise, wait for it. `live` says whether
  // anybody still wants the result; the answer is false when nobody did.
  bench.slices = async (count, each, live = () => true) => {
    let until = performance.now() + SLICE;
    for (let place = 0; place < count; place++) {
      const wait = each(place);
      if (wait) await wait;
      if (performance.now() < until) continue;
      await bench.pause();
      if (!live()) return false;
      until = performance.now() + SLICE;
    }
    return live();
  };

  // Wait until the first screen is painted; a page in the background paints nothing.
  bench.painted = () =>
    new Promise((go) => {
      requestAnimationFrame(() => setTimeout(go));
      setTimeout(go, 250);
    });
})();
