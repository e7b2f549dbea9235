// The panels beside the stage: effect and settings; brushes of the mask; where hat and coat are.

import { dials, domainChoice, faceChoice, slider } from "./controls.js";
import { chips, h } from "./dom.js";
import { designGallery, effectGallery } from "./gallery.js";
import { editMasked, openMask } from "./modes.js";
import { NOTHING } from "./nudge.js";
import { seedsDialog } from "./seeds.js";

const percent = (value) => `${Math.round(value * 100)}%`;

export function mainPanel(editor) {
  const { effect, settings } = editor;
  const report = editor.result?.edit.report;
  const choose = (id) => {
    const next = editor.effects.find((each) => each.id === id);
    editor.set({ effect: id, design: next.designs?.[0]?.name ?? null, refine: null, nudge: null, mask: null, wear: "both" });
  };
  const gallery = h("div", { class: "card" },
    effectGallery(editor.effects, settings.effect, choose),
    designGallery(effect, settings.design, (design) => editor.set({ design })));
  const seen = h("div", { class: "card" },
    faceChoice(settings.face, report?.faces, editor.picture, (face) => editor.set({ face, nudge: null })),
    domainChoice(settings.domain, report, (domain) => editor.set({ domain })));
  return [gallery, amounts(editor, effect, settings), editor.picture ? seen : null, openable(editor, dials(settings, (some) => editor.set(some, "dials")))].filter(Boolean);
}

/** Keep the dials open or closed, however often they are drawn. */
function openable(editor, details) {
  details.open = editor.dialsOpen;
  details.addEventListener("toggle", () => (editor.dialsOpen = details.open));
  return details;
}

/** Strength, refine, what is worn, variations. */
function amounts(editor, effect, settings) {
  const drawn = Boolean(effect.designs?.length) && settings.draft !== "none";
  const parts = [
    slider("Strength", { value: settings.strength, words: percent, line: "How much of the effect shows: 0% is the picture as it was." }, (strength) => editor.set({ strength }, "strength")),
  ];
  if (drawn) {
    parts.push(
      slider("Refine", { value: settings.refine ?? 0, words: (value) => (value === 0 ? "off" : percent(value)), line: "How far the model paints over the drawn costume: off is fastest, 100% starts from noise." }, (refine) => editor.set({ refine }, "refine")),
      chips("Wear", "wear", [["both", "Both"], ["hat", "Hat only"], ["coat", "Coat only"]], settings.wear, (wear) => editor.set({ wear })),
    );
  }
  if (settings.mask) {
    parts.push(h("div", { class: "row" }, h("span", {}, "Edited where you painted."), h("button", { type: "button", onclick: () => editor.set({ mask: null }) }, "Use the model's own mask")));
  }
  parts.push(h("div", { class: "row" }, h("button", { type: "button", disabled: !editor.picture, onclick: () => seedsDialog(editor) }, "Four variations")));
  return h("div", { class: "card" }, ...parts);
}

/** What keys do, where there is a keyboard. */
const keys = (words) => h("span", { class: "keys" }, `With the keyboard: ${words}`);

/** The brushes of the mask. */
export function maskPanel(editor) {
  const { paint } = editor;
  if (!paint.mask) return [h("div", { class: "card" }, h("p", { class: "small" }, editor.result ? "Loading the mask …" : "The mask appears with the first edit."))];
  const { width, height } = paint.mask;
  const brushes = [["add", "Add", "Edit here too"], ["erase", "Erase", "Leave this as it was"], ["feather", "Feather", "Soften the edge"]];
  const size = (value) => `${Math.max(1, Math.round(value * Math.min(width, height)))} pixels`;
  const whole = (words, how) => h("button", { type: "button", onclick: () => paint.whole(how) }, words);
  return [h("div", { class: "card" },
    h("h2", {}, "Paint on the mask"),
    h("p", { class: "small" }, `Pink is edited, all else stays bit for bit. The mask has the picture's own ${width} × ${height} pixels. `, keys("arrows move the brush, space paints, [ and ] change its size.")),
    chips("Brush", "brush", brushes, paint.tool, (tool) => (paint.tool = tool)),
    slider("Size", { min: 0.01, max: 0.5, step: 0.01, value: Math.round(paint.size * 100) / 100, words: size }, (value) => (paint.size = value)),
    slider("Softness", { min: 0, max: 1, step: 0.05, value: paint.softness, words: percent }, (value) => (paint.softness = value)),
    h("div", { class: "row" }, whole("Soften all edges", "softer"), whole("Clear", "clear"), whole("Mark all", "all"), whole("Invert", "invert")),
    h("div", { class: "row" },
      h("button", { type: "button", class: "main", onclick: () => editMasked(editor) }, "Edit with this mask"),
      h("button", { type: "button", disabled: !paint.mask.touched, onclick: () => openMask(editor) }, "Start over")))];
}

/** Numbers for where hat and coat are; the bars on the picture do the same. */
export function movePanel(editor) {
  const { nudging } = editor;
  if (!nudging.placed.length) {
    const words = editor.result ? "Only costumes that start from their own art can be moved." : "Hat and coat can be moved once they are on.";
    return [h("div", { class: "card" }, h("p", { class: "small" }, words))];
  }
  const worn = nudging.placed.filter(({ part }) => editor.settings.wear === "both" || editor.settings.wear === part);
  return [h("div", { class: "card" },
    h("h2", {}, "Move hat and coat"),
    h("p", { class: "small" }, "Drag a middle to move it, an end to turn it or change its size; it is drawn anew when you let go. ", keys("arrows move, Page keys turn, + and − change the size.")),
    ...worn.map(({ part }) => partNumbers(nudging, part)),
    h("div", { class: "row" }, h("button", { type: "button", onclick: () => editor.set({ nudge: null }) }, "Put them back")))];
}

function partNumbers(nudging, part) {
  const field = (words, name, step, factor = 1) => {
    const value = Math.round((nudging.now[part] ?? NOTHING)[name] * factor * 10) / 10;
    const input = h("input", { type: "number", name: `${part} ${name}`, step, value });
    input.addEventListener("change", () => Number.isFinite(input.valueAsNumber) && nudging.set(part, name, input.valueAsNumber / factor));
    return h("label", {}, words, input);
  };
  const legend = h("legend", {}, part === "hat" ? "Hat" : "Coat");
  const fields = [field("Right", "dx", 1), field("Down", "dy", 1), field("Size %", "scale", 1, 100), field("Turn °", "turn", 1)];
  return h("fieldset", {}, legend, h("div", { class: "numbers" }, ...fields));
}
