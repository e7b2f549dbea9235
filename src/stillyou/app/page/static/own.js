// An effect of one's own: art is placed on a mannequin and tried on portraits at once, without training.

import * as api from "./api.js";
import { check, choice, slider } from "./controls.js";
import { byId, h, save, settled } from "./dom.js";
import { FRAMES, box, drawMannequin, usual } from "./mannequin.js";
import { zip } from "./zip.js";

const MOST = 8;
const GUESS = [[/coat|cape|dress|robe|jacket/, "shoulders"], [/collar|scarf|tie|necklace/, "neck"], [/mask|beard|glasses|moustache|patch/, "face"]];

export class Own {
  constructor(samples) {
    this.parts = [];
    this.active = null;
    this.title = "My effect";
    this.portrait = { sample: samples[0]?.name };
    this.samples = samples;
    this.tryLater = settled(400, () => this.try());
    this.build();
  }

  build() {
    this.input = h("input", { type: "file", multiple: true, accept: ".svg,.png,.webp", class: "unseen", tabIndex: -1, "aria-label": "Choose art" });
    this.input.addEventListener("change", () => this.add([...this.input.files]));
    this.canvas = h("canvas", { width: 720, height: 720, class: "mannequin", role: "img", tabIndex: 0, "aria-label": "Mannequin without art" });
    for (const kind of ["down", "move", "up"]) this.canvas.addEventListener(`pointer${kind}`, (event) => this[`on${kind}`](event));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.trial = h("div", { class: "trial" }, h("p", { class: "small" }, "The portrait appears here as soon as there is art."));
    this.said = h("p", { role: "status", class: "status" });
    this.form = h("div", { class: "card" });
    const drop = h("div", { class: "drop" }, h("h2", {}, "Drop art here"), h("p", {}, "SVG, PNG or WebP with transparency: a hat, glasses, a coat. Scripts in it are refused."), h("button", { type: "button", onclick: () => this.input.click() }, "Choose art"), this.input);
    const faces = h("div", { class: "samples" }, ...this.samples.map(({ name, words }) =>
      h("button", { type: "button", "aria-label": `Try it on ${words}`, onclick: () => this.wear({ sample: name }) }, h("img", { src: `/page/samples/${name}`, alt: "" }))));
    const mine = h("input", { type: "file", accept: "image/*", class: "unseen", tabIndex: -1, "aria-label": "Choose a portrait" });
    mine.addEventListener("change", () => mine.files[0] && this.wear({ file: mine.files[0] }));
    byId("own").append(
      h("p", { class: "lead" }, "Art is laid where head, face, neck or shoulders are. Place it on the mannequin by dragging; the portrait beside it shows how it is worn."),
      h("div", { class: "columns" },
        h("div", { class: "own-left" }, drop, h("div", { class: "pair" }, this.canvas, this.trial), this.said, h("h2", {}, "Try it on"), h("div", { class: "row" }, faces, h("button", { type: "button", onclick: () => mine.click() }, "My own picture"), mine)),
        this.form));
    this.render();
  }

  /** Take files of art. */
  async add(files) {
    const room = MOST - this.parts.length;
    for (const file of files.slice(0, room)) {
      try {
        await this.addOne(file);
      } catch {
        this.changed();
        this.said.textContent = `${file.name} is no picture that can be drawn. Save it as plain SVG or as PNG with transparency.`;
        return;
      }
    }
    this.input.value = "";
    this.changed();
    if (files.length > room) this.said.textContent = `Only ${MOST} files of art fit; ${files.length - room} were left out.`;
  }

  /** Say what is wrong with what was dropped. */
  fail(error) {
    this.said.textContent = error.message;
  }

  async addOne(file) {
    const image = new Image();
    image.src = URL.createObjectURL(file);
    await image.decode();
    const ratio = image.naturalHeight / image.naturalWidth || 1;
    const stem = file.name.toLowerCase().replace(/\.[^.]*$/, "").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 24) || "art";
    const anchor = GUESS.find(([words]) => words.test(stem))?.[1] ?? "head";
    const ending = file.name.toLowerCase().match(/\.(svg|png|webp)$/)?.[0];
    if (!ending) throw new Error("kind");
    let name = `${stem}${ending}`;
    for (let n = 2; this.parts.some((each) => each.name === name); n++) name = `${stem}-${n}${ending}`;
    const part = { file, name, image, ratio, behind: false, ...usual(anchor, ratio) };
    this.parts.push(part);
    this.active = part;
  }

  changed(all = true) {
    if (all) this.render();
    this.draw();
    if (this.parts.length) this.tryLater();
  }

  render() {
    const { active } = this;
    const title = h("input", { id: "own-title-field", type: "text", value: this.title, maxLength: 60 });
    title.addEventListener("change", () => (this.title = title.value.trim() || "My effect"));
    const set = (some) => {
      Object.assign(active, some);
      this.changed(false);
    };
    const placed = active ? [
      choice("Sits on", Object.keys(FRAMES).map((each) => [each, each[0].toUpperCase() + each.slice(1)]), active.anchor, FRAMES[active.anchor].words, (anchor) => {
        Object.assign(active, usual(anchor, active.ratio));
        this.changed();
      }),
      slider("Width", { min: 0.2, max: 8, step: 0.05, value: active.width, words: (value) => `${value.toFixed(2)} units` }, (width) => set({ width })),
      slider("Right", { min: -4, max: 4, step: 0.05, value: active.at[0], words: (value) => value.toFixed(2) }, (right) => set({ at: [right, active.at[1]] })),
      slider("Down", { min: -4, max: 4, step: 0.05, value: active.at[1], words: (value) => value.toFixed(2) }, (down) => set({ at: [active.at[0], down] })),
      check("Behind the person", active.behind, "For wings and halos.", (behind) => set({ behind })),
      h("button", { type: "button", onclick: () => this.remove() }, "Take this art away"),
    ] : [h("p", { class: "small" }, "No art yet.")];
    const which = this.parts.length > 1 ? choice("Art", this.parts.map((each) => [each.name, each.name]), active.name, "The one that is moved; later ones lie above.", (name) => {
      this.active = this.parts.find((each) => each.name === name);
      this.changed();
    }) : null;
    this.form.replaceChildren(...[
      h("div", { class: "field" }, h("label", { htmlFor: title.id }, "Name"), title),
      which, ...placed,
      h("button", { type: "button", class: "main", disabled: !this.parts.length, onclick: () => this.take() }, "Download the effect"),
      h("p", { class: "small" }, "A folder for stillyou edit me.png -e FOLDER/ and for training."),
    ].filter(Boolean));
    this.draw();
  }

  remove() {
    this.parts = this.parts.filter((each) => each !== this.active);
    this.active = this.parts.at(-1) ?? null;
    this.changed();
  }

  // The mannequin

  draw() {
    const context = this.canvas.getContext("2d");
    const side = this.canvas.width;
    drawMannequin(context, side);
    for (const part of [...this.parts].sort((a, b) => Number(b.behind) - Number(a.behind))) {
      const at = box(part, part.ratio, side);
      context.drawImage(part.image, at.left, at.top, at.width, at.height);
      if (part !== this.active) continue;
      context.strokeStyle = "#2a6350";
      context.lineWidth = 3;
      context.setLineDash([10, 7]);
      context.strokeRect(at.left, at.top, at.width, at.height);
      context.setLineDash([]);
    }
    this.canvas.setAttribute("aria-label", this.parts.length ? `Mannequin with ${this.parts.map((each) => each.name).join(", ")}; arrow keys move the chosen one` : "Mannequin without art");
  }

  point(event) {
    const place = this.canvas.getBoundingClientRect();
    const ratio = this.canvas.width / place.width;
    return { x: (event.clientX - place.left) * ratio, y: (event.clientY - place.top) * ratio };
  }

  ondown(event) {
    const { x, y } = this.point(event);
    const hit = [...this.parts].reverse().find((part) => {
      const at = box(part, part.ratio, this.canvas.width);
      return x >= at.left && x <= at.left + at.width && y >= at.top && y <= at.top + at.height;
    });
    if (!hit) return;
    this.active = hit;
    this.held = { x, y, at: hit.at };
    this.canvas.setPointerCapture(event.pointerId);
    this.draw();
  }

  onmove(event) {
    if (!this.held) return;
    const { x, y } = this.point(event);
    const unit = FRAMES[this.active.anchor].unit * this.canvas.width;
    this.put([this.held.at[0] + (x - this.held.x) / unit, this.held.at[1] + (y - this.held.y) / unit]);
  }

  onup() {
    if (!this.held) return;
    this.held = null;
    this.changed();
  }

  put(at) {
    this.active.at = at.map((each) => Math.round(Math.min(20, Math.max(-20, each)) * 100) / 100);
    this.draw();
  }

  key(event) {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!by || !this.active) return;
    event.preventDefault();
    const step = event.shiftKey ? 0.25 : 0.05;
    this.put([this.active.at[0] + by[0] * step, this.active.at[1] + by[1] * step]);
    this.changed();
  }

  // The portrait, and the folder

  wear(portrait) {
    this.portrait = portrait;
    if (this.parts.length) this.try();
    else this.said.textContent = "Choose art first.";
  }

  /** effect.yaml of what is placed; strings are JSON, which YAML reads. */
  yaml() {
    const lines = this.parts.map((each) =>
      `  - {file: ${JSON.stringify(each.name)}, anchor: ${each.anchor}, width: ${each.width}, at: [${each.at.join(", ")}]${each.behind ? ", behind: true" : ""}}`);
    return [`title: ${JSON.stringify(this.title)}`, "parts:", ...lines, ""].join("\n");
  }

  async try() {
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    const form = new FormData();
    form.append("effect", this.yaml());
    for (const part of this.parts) form.append("art", part.file, part.name);
    if (this.portrait.file) form.append("picture", this.portrait.file, "picture");
    else form.append("sample", this.portrait.sample);
    this.said.textContent = "Putting it on …";
    try {
      const blob = await api.blob("/page/own", { method: "POST", body: form, signal: asking.signal });
      const image = h("img", { src: URL.createObjectURL(blob), alt: `The portrait with ${this.title}` });
      URL.revokeObjectURL(this.trial.firstChild?.src ?? "");
      this.trial.replaceChildren(image);
      this.said.textContent = "Put on.";
    } catch (error) {
      if (error.name !== "AbortError") this.said.textContent = error.message;
    }
  }

  async take() {
    const folder = this.title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "") || "effect";
    const files = [{ name: `${folder}/effect.yaml`, blob: new Blob([this.yaml()]) }, ...this.parts.map((each) => ({ name: `${folder}/${each.name}`, blob: each.file }))];
    save(await zip(files), `${folder}.zip`);
    this.said.textContent = `Saved ${folder}.zip: unpack it, then stillyou edit me.png -e ${folder}/ -o out.png`;
  }
}
