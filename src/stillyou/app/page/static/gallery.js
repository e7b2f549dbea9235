// The gallery: effects, and the designs of the chosen one, as radio buttons with pictures that the model made.

import { blob, effects as asked } from "./api.js";
import { h } from "./dom.js";

const FIRST_LOOK = 3000;
const pictures = new Map();
const waiting = new Map();

/** Ask for the effects again while some thumbnails are not drawn, ever more rarely, and show those that are. */
export async function watchThumbnails(effects, pause = FIRST_LOOK) {
  const all = effects.flatMap((each) => [each, ...each.designs]);
  for (const each of all) if (each.thumbnail) waiting.get(nameOf(effects, each))?.forEach((face) => fill(face, each.thumbnail));
  if (all.every((each) => each.thumbnail)) return;
  await new Promise((resolve) => setTimeout(resolve, pause));
  const next = await asked().catch(() => effects);
  effects.splice(0, effects.length, ...next);
  await watchThumbnails(effects, Math.min(30000, pause * 1.3));
}

function nameOf(effects, each) {
  return each.id ?? `${effects.find((effect) => effect.designs.includes(each)).id}/${each.name}`;
}

/** Put a thumbnail into an element, now or when the server has drawn it; until then it shows its colours or letter. */
async function thumbnail(face, name, address) {
  if (address) return fill(face, address);
  waiting.set(name, [...(waiting.get(name) ?? []).filter((each) => each.isConnected), face]);
}

async function fill(face, address) {
  try {
    if (!pictures.has(address)) pictures.set(address, blob(address).then((picture) => URL.createObjectURL(picture)));
    face.replaceChildren(h("img", { src: await pictures.get(address), alt: "" }));
  } catch {
    pictures.delete(address); // the letter or the colours stay
  }
}

function tile(name, value, words, checked, changed, look) {
  const input = h("input", { type: "radio", name, value, checked, class: "unseen" });
  input.addEventListener("change", () => changed(value));
  const face = h("span", { class: "face", "aria-hidden": "true" }, look);
  return { face, element: h("label", { class: "tile", title: words.more }, input, face, h("span", { class: "name" }, words.name)) };
}

function swatches(colours) {
  const four = Object.values(colours ?? {}).slice(0, 4);
  if (!four.length) return null;
  const cells = (four.length < 4 ? [...four, ...four, ...four].slice(0, 4) : four).map((colour) => {
    const cell = h("span");
    cell.style.background = colour;
    return cell;
  });
  return h("span", { class: "swatches" }, ...cells);
}

const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);

/** The effects, costumes first; `changed` is called with an effect's id. */
export function effectGallery(effects, chosen, changed, name = "effect") {
  const groups = [...new Set(effects.map((each) => each.group))];
  const parts = groups.flatMap((group) => {
    const tiles = effects.filter((each) => each.group === group).map((each) => {
      const words = { name: capital(each.id), more: each.title };
      const made = tile(name, each.id, words, each.id === chosen, changed, capital(each.id)[0]);
      thumbnail(made.face, each.id, each.thumbnail);
      return made.element;
    });
    return groups.length > 1 ? [h("p", { class: "group" }, `${capital(group)}s`), ...tiles] : tiles;
  });
  return h("fieldset", {}, h("legend", {}, "Effect"), h("div", { class: "effects wide" }, ...parts));
}

/** The designs of an effect; nothing for effects without any. */
export function designGallery(effect, chosen, changed, name = "design") {
  if (!effect?.designs?.length) return null;
  const tiles = effect.designs.map((each) => {
    const words = { name: capital(each.name), more: each.words };
    const made = tile(name, each.name, words, each.name === chosen, changed, swatches(each.colours));
    thumbnail(made.face, `${effect.id}/${each.name}`, each.thumbnail);
    return made.element;
  });
  return h("fieldset", {}, h("legend", {}, "Design"), h("div", { class: "effects" }, ...tiles));
}
