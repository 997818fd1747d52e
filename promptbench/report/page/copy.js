"use strict";
// Copying: bench.copier(status) gives a maker of buttons; bench.markdown(data, number) a case's text.
bench.copier = (status) => {
  // A page that was opened as a file, or that may not use the clipboard, copies a selection.
  const select = (text, beside) => {
    const field = bench.make("textarea", { class: "hidden", "aria-hidden": "true", tabindex: "-1" });
    field.value = text;
    beside.after(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    beside.focus();
    return done;
  };
  const copy = async (text, beside) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return select(text, beside);
    }
  };
  return (label, text) =>
    bench.make(
      "button",
      {
        type: "button",
        class: "copier",
        onclick: async ({ currentTarget }) => {
          const done = await copy(text(), currentTarget);
          status.textContent = done ? "Copied." : "The browser does not let this page copy.";
        },
      },
      label,
    );
};

bench.markdown = (() => {
  const { meta } = bench;
  // A fence longer than any in the text.
  const fenced = (text) => {
    const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
    const fence = "`".repeat(longest + 1);
    return `${fence}text\n${text}\n${fence}`;
  };
  // A heading is one line, and its signs are no markup.
  const line = (text) => text.replace(/\s+/g, " ").replace(/[\\`*_{}[\]<>#|]/g, "\\$&");

  const scores = (output) =>
    meta.metrics.map(({ label }, metric) => {
      const reason = output.why?.[metric];
      return `- ${line(label)}: ${reason ? `unscored (${line(reason)})` : bench.show(metric, output.values[metric])}`;
    });
  const prompt = (data, output) => {
    if (output.prompt === undefined) return [];
    const [pieces] = data.prompts[output.prompt];
    return ["Prompt:", fenced(pieces.map(([, text]) => data.texts[text]).join(""))];
  };
  const written = (data, output) => {
    if (!output) return ["Not run yet."];
    if (output.error) return [`Error: ${line(output.error)}`, ...prompt(data, output)];
    return [fenced(output.text), scores(output).join("\n"), ...prompt(data, output)];
  };

  return (data, number) => {
    const { id, cluster, variables, references } = data.cases[number];
    const blocks = [`# Case ${number + 1}: ${line(id)}`, `Run ${line(meta.run)}, suite ${line(meta.suite)}`];
    if (cluster) blocks.push(`Cluster: ${line(cluster)}`);
    for (const [name, text] of variables) blocks.push(`## Input: ${line(name)}`, fenced(text));
    references.forEach((text, place) => blocks.push(`## Reference ${place + 1}`, fenced(text)));
    meta.candidates.forEach(({ name }, candidate) => {
      data.outputs(candidate, number).forEach((output, repeat) => {
        const which = meta.repeats > 1 ? `, repeat ${repeat + 1}` : "";
        blocks.push(`## Output of ${line(name)}${which}`, ...written(data, output));
      });
    });
    return `${blocks.join("\n\n")}\n`;
  };
})();
