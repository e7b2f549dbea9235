// Four seeds side by side: the same wish, drawn four times by chance.

import { h } from "./dom.js";
import { dialog } from "./saving.js";
import { progressWords } from "./words.js";

const LEAST_REFINE = 0.35;

/** Draw four variations and let one be chosen. */
export function seedsDialog(editor) {
  const { settings, effect } = editor;
  const drawn = Boolean(effect.designs?.length) && settings.draft !== "none";
  const refine = drawn ? Math.max(settings.refine ?? 0, LEAST_REFINE) : settings.refine;
  const words = drawn && !settings.refine
    ? "A costume as it is drawn leaves nothing to chance, so these are refined by the model a little."
    : "Each starts from other noise. Choose one, or close to keep what you have.";
  const controller = new AbortController();
  const cells = [0, 1, 2, 3].map((more) => {
    const wish = { ...settings, seed: settings.seed + more, refine };
    const canvas = h("canvas", { width: 320, height: 320, "aria-hidden": "true" });
    const said = h("span", {}, "Waiting …");
    const button = h("button", { type: "button", disabled: true }, canvas, said);
    button.addEventListener("click", () => {
      box.close();
      editor.set({ seed: wish.seed, refine });
      editor.render();
    });
    editor.runner.edit(wish, (view) => (said.textContent = progressWords(view)), controller.signal).then((result) => {
      paint(canvas, result.shown);
      said.textContent = `Seed ${wish.seed}`;
      button.disabled = false;
    }, (error) => error.name === "AbortError" || (said.textContent = error.message));
    return button;
  });
  const box = dialog("Four variations", h("p", { class: "small" }, words), h("div", { class: "seeds" }, ...cells));
  box.addEventListener("close", () => controller.abort());
}

function paint(canvas, { small }) {
  const scale = Math.min(canvas.width / small.width, canvas.height / small.height);
  const [width, height] = [small.width * scale, small.height * scale];
  canvas.getContext("2d").drawImage(small, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
}
