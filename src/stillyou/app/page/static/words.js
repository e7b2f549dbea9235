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

/** A note in words of the page, where it names an option of the command line. */
function forPage(note) {
  return note
    .replace(/;?\s*--crop X,Y,SIZE around head and shoulders, or --draft FILE\.png, may help/, "; try Move to put it on by hand, or a picture with more of the head and shoulders")
    .replace(/; --crop X,Y,SIZE chooses another/, "")
    .replace(/--crop X,Y,SIZE/g, "a closer picture");
}
