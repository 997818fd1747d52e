"use strict";
// Of all differences between two prompts, the chosen one is shown.
(() => {
  const { byId } = bench;
  const choice = byId("diff-pair");
  if (!choice) return;
  const all = [...document.querySelectorAll(".difference")];
  const show = () => {
    for (const each of all) each.hidden = each.dataset.pair !== choice.value;
  };
  byId("choose-diff").hidden = false;
  choice.addEventListener("change", show);
  show();
})();
