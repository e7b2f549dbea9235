// What is said of an edit while it waits and runs, and when it is done.

/** Where an edit is, in words. */
export function progressWords(view) {
  if (view.state === "queued" && view.position > 1) return `Waiting: place ${view.position} in the queue.`;
  if (view.state === "queued") return "Waiting: next in the queue.";
  if (view.state !== "running") return "Asking the server …";
  if (view.doing === "drawing" && view.steps) return `Drawing: step ${view.step} of ${view.steps}.`;
  return DOING[view.doing] ?? "Drawing …";
}

const DOING = {
  looking: "Looking at the picture …",
  mask: "Finding where to edit …",
  drawing: "Drawing …",
  writing: "Writing the picture …",
};

/** How far an edit is, 0 to 1; null where that is not known. Finding the mask takes about as long as half the steps. */
export function progressShare(view) {
  if (view.state !== "running" || !view.doing || view.doing === "looking") return null;
  if (view.doing === "writing") return 0.95;
  return view.steps ? 0.3 + (0.6 * view.step) / view.steps : 0.1;
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
  [/crop=X,Y,SIZE around head and shoulders, or a picture as draft, may help/, "“Move”, or the dial “Square” around head and shoulders, may help"],
  [/crop=X,Y,SIZE/g, "the dial “Square”"],
  [/domain=cartoon/g, "“A drawing”"],
  [/domain=people/g, "“A photograph”"],
  [/leave face out/g, "choose “Largest”"],
  [/face=all or face=N chooses others/g, "choose others under “Whose face”"],
  [/face=N edits another/g, "choose another face under “Whose face”"],
  [/; \/v1\/look shows them/g, ""],
];

/** A note or an error in words of the page, where it names fields of the API. */
export function forPage(text) {
  return SAID.reduce((words, [option, control]) => words.replace(option, control), text);
}
