// Pictures that come in: chosen, dropped, pasted. What the browser cannot show, the server may still read.

import * as api from "./api.js";

const PREVIEW = 1600;

/** Decode a picture: {full, small, width, height}; `small` is what a display needs. */
export async function bitmaps(blob) {
  const full = await createImageBitmap(blob);
  const { width, height } = full;
  const scale = Math.min(1, PREVIEW / Math.max(width, height));
  const resize = { resizeWidth: Math.round(width * scale) || 1, resizeHeight: Math.round(height * scale) || 1, resizeQuality: "high" };
  return { full, small: scale < 1 ? await createImageBitmap(full, resize) : full, width, height };
}

/** Decode a file; a kind that the browser does not know is asked of the server, untouched, as PNG. */
export async function readPicture(file, effect) {
  try {
    return await bitmaps(file);
  } catch {
    const { blob } = await api.edited({ picture: file, effect, strength: 0, format: "png" }, () => {});
    return bitmaps(blob);
  }
}

/** Call `taken(files)` for what is dropped anywhere or pasted while `active()` holds; folders and links are no files. */
export function incoming(active, taken) {
  const mark = (on) => document.body.classList.toggle("dropping", on && active());
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(true);
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || mark(false));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    const files = [...event.dataTransfer.items].filter((item) => item.kind === "file" && !item.webkitGetAsEntry?.()?.isDirectory);
    if (active()) taken(files.map((item) => item.getAsFile()));
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || !active()) return;
    event.preventDefault();
    taken(files);
  });
}
