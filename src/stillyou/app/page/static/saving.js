// Taking an edit along: as files, or as a command line and Python.

import * as api from "./api.js";
import { bytes, h, save } from "./dom.js";

/** Open a dialog that closes by its button, Escape or a click beside it. */
export function dialog(title, ...content) {
  const close = h("button", { type: "button", class: "quiet", onclick: () => box.close() }, "Close");
  const box = h("dialog", { "aria-label": title }, h("header", {}, h("h2", {}, title), close), ...content);
  box.addEventListener("click", (event) => event.target === box && box.close());
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
  return box;
}

const FORMATS = [
  ["png", "PNG", "Every pixel outside the mask stays as it was, bit for bit."],
  ["same", "As the original", "The original's own kind of file, with its metadata."],
  ["webp", "WebP", "Lossless and smaller than PNG."],
  ["jpeg", "JPEG", "Small; all pixels are stored anew."],
];

/** Offer the result, its mask and its draft as files. */
export function downloadDialog(editor) {
  const { result } = editor;
  const said = h("p", { role: "status", class: "small" });
  const { width, height } = result.shown;
  const get = (action) => async () => {
    said.textContent = "Writing the file …";
    try {
      const { blob, name } = await action();
      save(blob, name);
      said.textContent = `Saved ${name}, ${bytes(blob.size)}.`;
    } catch (error) {
      said.textContent = error.message;
    }
  };
  const formats = FORMATS.map(([format, words, line]) =>
    h("div", { class: "row" }, h("button", { type: "button", class: format === "png" ? "main" : "", onclick: get(() => picture(editor, format)) }, words), h("span", { class: "small" }, line)));
  const more = ["mask", "draft"].filter((kind) => result.edit.links[kind]).map((kind) =>
    h("button", { type: "button", onclick: get(async () => ({ blob: await api.blob(result.edit.links[kind]), name: `${stem(editor)}-${kind}.png` })) }, kind === "mask" ? "The mask" : "The costume alone"));
  dialog("Download", h("p", {}, `The picture at its own ${width} × ${height} pixels, with the original's metadata and a note that a model drew part of it.`), h("div", { class: "dial" }, ...formats), h("h3", {}, "Beside it"), h("div", { class: "row" }, ...more), said);
}

const ENDINGS = { "image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/tiff": ".tif" };

/** The result in a format: as it is there already, or written by the server once more. */
async function picture(editor, format) {
  const { runner, result } = editor;
  const wish = { ...result.settings, format };
  const { blob } = format === result.settings.format ? result : await runner.asked(wish, () => {});
  return { blob, name: `${stem(editor)}${ENDINGS[blob.type] ?? ".png"}` };
}

function stem(editor) {
  const base = (editor.file.name || "portrait").replace(/\.[^.]*$/, "");
  return `${base}-${editor.result.settings.effect}`;
}

/** Show the same edit as a command line and as Python. */
export function copyDialog(editor) {
  const { recipes } = editor.result.edit;
  const said = h("p", { role: "status", class: "small" });
  const part = (title, code) => {
    const text = h("pre", { tabIndex: 0, "aria-label": title }, code);
    const copy = async () => {
      try {
        await navigator.clipboard.writeText(code);
        said.textContent = `${title}: copied.`;
      } catch {
        getSelection().selectAllChildren(text);
        said.textContent = "The browser does not allow copying here; the text is selected, press Ctrl C.";
      }
    };
    return h("section", {}, h("div", { class: "row" }, h("h3", {}, title), h("button", { type: "button", class: "quiet", onclick: copy }, "Copy")), text);
  };
  const masked = editor.result.settings.mask ? h("p", { class: "small" }, "mask.png is the mask you painted: Download has it.") : null;
  dialog("The same edit elsewhere", part("Command line", recipes.command), part("Python", recipes.python), masked ?? "", said);
}
