// What the modes of the stage need of the server: the mask of an edit, to be painted on; hat and coat, to be moved.

import * as api from "./api.js";
import { greyValues } from "./png.js";
import { key } from "./settings.js";

/** Show the mask, as it was painted or as the last edit had it. */
export function showMask(editor) {
  const { paint, result } = editor;
  if (paint.mask?.touched && paint.of === result) editor.painted();
  else openMask(editor);
}

/** Show the mask of the last edit, to be painted on; what was painted on it before is given up. */
export async function openMask(editor) {
  const { paint, result, stage } = editor;
  const opening = (paint.opening = {}); // the last call alone opens it: an earlier one would undo what is painted
  const over = () => paint.opening !== opening || editor.result !== result || stage.mode !== "mask";
  paint.close();
  editor.renderMode();
  if (!result) return;
  try {
    const { values, width, height } = await maskOf(result);
    if (over()) return;
    paint.open(width, height, values.slice());
    paint.of = result;
    stage.overlay.stale();
    stage.dirty();
    editor.painted();
  } catch (error) {
    if (over()) return;
    editor.runner.results.delete(key(result.settings)); // the server may not keep it any more: it is edited anew
    editor.fail(error, () => editor.run());
  }
}

/** The mask of a result, asked for once: {values, width, height}. */
function maskOf(result) {
  result.mask ??= api.blob(`/v1/edits/${result.edit.id}/mask`).then(greyValues);
  result.mask.catch(() => (result.mask = null));
  return result.mask;
}

/** Edit where the painted mask says. */
export async function editMasked(editor) {
  const { mask } = editor.paint;
  if (!mask) return;
  editor.say("Sending the mask …");
  const blob = await mask.png();
  mask.done = [];
  editor.set({ mask: { number: ++editor.masks, blob } });
  editor.setMode("compare");
}

/** Have hat and coat at hand as layers of their own, to be dragged. */
export async function openMove(editor) {
  editor.renderMode();
  const { result, nudging } = editor;
  if (!result?.edit.report.placed?.length) return;
  const parts = editor.settings.wear === "both" ? ["hat", "coat"] : [editor.settings.wear];
  nudging.layers = {};
  for (const part of parts) nudging.layersAt[part] = nudging.place(part);
  await Promise.all(parts.map(async (part) => {
    try {
      const layer = await layerOf(editor, part, result);
      if (editor.result === result) nudging.layers[part] = layer;
    } catch {
      // without a layer the bars still move, and the server draws the rest
    }
  }));
}

async function layerOf(editor, part, result) {
  result.layers ??= {};
  result.layers[part] ??= (async () => {
    const alone = { ...result.settings, wear: part, refine: 0, mask: null };
    const { edit } = await editor.runner.edit(alone, () => {});
    return createImageBitmap(await api.blob(`/v1/edits/${edit.id}/draft`));
  })();
  return result.layers[part];
}
