// What is said of an edit while it waits and runs, and when it is done.

/** Where an edit is, in words. */
export function progressWords(view) {
  if (view.state === "queued" && view.position > 1) return `Waiting: place ${view.position} in the queue.`;
  if (view.state === "queued") return "Waiting: next in the queue.";
  if (view.state === "running" && view.steps) return `Drawing: step ${view.step} of ${view.steps}.`;
  return view.state === "running" ? "Drawing …" : "Asking the server …";
}

/** What came out of an edit, and what a person should know about it. */
export function resultWords(effect, report, seconds) {
  const share = report.mask_area < 0.001 ? "Nothing was marked" : `${Math.max(1, Math.round(report.mask_area * 100))}% of the picture edited`;
  const art = report.design ? `${effect.title}, ${report.design}` : effect.title;
  const took = `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const notes = (report.notes ?? []).map((note) => `Note: ${forPage(note)}.`);
  return [`${art}: ${share}, in ${took}.`, ...notes].join(" ");
}

const SAID = [
  [/--crop X,Y,SIZE around head and shoulders, or --draft FILE\.png, may help/, "“Move”, or the dial “Square” around head and shoulders, may help"],
  [/--crop X,Y,SIZE/g, "the dial “Square”"],
  [/--domain cartoon/g, "“A drawing”"],
  [/--domain people/g, "“A photograph”"],
  [/leave --face out/g, "choose “Largest”"],
  [/--face N edits another/g, "choose another face under “Whose face”"],
  [/; --faces-out faces\.png shows them/g, ""],
];

/** A note or an error in words of the page, where it names options of the command line. */
export function forPage(text) {
  return SAID.reduce((words, [option, control]) => words.replace(option, control), text);
}
