// Many pictures with one effect, and one zip of what came out. The server puts equal edits into one run of the model.

import * as api from "./api.js";
import { slider } from "./controls.js";
import { byId, bytes, h, save } from "./dom.js";
import { designGallery, effectGallery } from "./gallery.js";
import { forPage, progressWords } from "./words.js";
import { portions, zip } from "./zip.js";

const AT_ONCE = 4;
const MOST = 200;
const ENDINGS = { "image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/tiff": ".tif" };

export class Batch {
  constructor(effects) {
    this.effects = effects;
    const first = effects.find((each) => each.designs?.length) ?? effects[0];
    this.wish = { effect: first.id, design: first.designs?.[0]?.name ?? null, strength: 1 };
    this.items = [];
    this.controller = null;
    this.build();
  }

  build() {
    this.input = h("input", { type: "file", multiple: true, accept: "image/*,.heic,.tif,.tiff", class: "unseen", tabIndex: -1, "aria-label": "Choose pictures" });
    this.input.addEventListener("change", () => this.add([...this.input.files]));
    this.said = h("p", { role: "status", class: "status" });
    this.list = h("ul", { class: "files", "aria-label": "Pictures" });
    this.go = h("button", { type: "button", class: "main", onclick: () => this.start() }, "Edit all");
    this.take = h("button", { type: "button", onclick: () => this.download() }, "Download the zip");
    this.clear = h("button", { type: "button", onclick: () => this.empty() }, "Clear the list");
    this.choice = h("div", { class: "card" });
    const drop = h("div", { class: "drop" }, h("h2", {}, "Drop portraits here"), h("p", {}, `Up to ${MOST}; each stays as large as it is.`), h("button", { type: "button", onclick: () => this.input.click() }, "Choose pictures"), this.input);
    const left = h("div", {}, drop, this.said, h("div", { class: "row" }, this.go, this.take, this.clear), this.list);
    byId("batch").append(h("p", { class: "lead" }, "One effect for all of them. What cannot be edited is told here and left out of the zip."), h("div", { class: "columns" }, left, this.choice));
    this.renderChoice();
    this.render();
  }

  renderChoice() {
    const { wish } = this;
    const effect = this.effects.find((each) => each.id === wish.effect);
    const choose = (id) => {
      const next = this.effects.find((each) => each.id === id);
      this.wish = { ...this.wish, effect: id, design: next.designs?.[0]?.name ?? null };
      this.renderChoice();
      this.choice.querySelector(`input[value="${id}"]`)?.focus();
    };
    this.choice.replaceChildren(...[
      effectGallery(this.effects, wish.effect, choose, "batch-effect"),
      designGallery(effect, wish.design, (design) => (this.wish = { ...this.wish, design }), "batch-design"),
      slider("Strength", { value: wish.strength, words: (value) => `${Math.round(value * 100)}%` }, (strength) => (this.wish = { ...this.wish, strength })),
    ].filter(Boolean));
  }

  /** Put files on the list. */
  add(files) {
    const room = MOST - this.items.length;
    for (const file of files.slice(0, room)) this.items.push(new Item(file, () => this.render()));
    if (files.length > room) this.overfull = `Only ${MOST} pictures fit; ${files.length - room} were left out.`;
    this.input.value = "";
    this.render();
  }

  /** Say what is wrong with what was dropped. */
  fail(error) {
    this.said.textContent = error.message;
  }

  empty() {
    this.controller?.abort();
    for (const item of this.items) item.forget();
    this.items = [];
    this.overfull = null;
    this.render();
  }

  async start() {
    if (this.controller) return this.stop();
    this.controller = new AbortController();
    const { signal } = this.controller;
    const open = this.items.filter((item) => !item.isDone(this.wish));
    for (const item of open) item.wait();
    this.render();
    const work = async () => {
      for (let item = open.shift(); item && !signal.aborted; item = open.shift()) await item.edit({ ...this.wish }, signal);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    this.controller = null;
    this.render();
  }

  stop() {
    this.controller.abort();
    for (const item of this.items) item.halt();
  }

  async download() {
    const files = this.items.filter((item) => item.blob).map((item) => ({ name: item.output, blob: item.blob }));
    this.said.textContent = "Packing …";
    const parts = portions(files);
    let size = 0;
    for (const [index, part] of parts.entries()) {
      const packed = await zip(part);
      save(packed, `stillyou-${this.wish.effect}${parts.length > 1 ? `-${index + 1}` : ""}.zip`);
      size += packed.size;
    }
    this.said.textContent = `Saved ${files.length} pictures${parts.length > 1 ? ` in ${parts.length} zips` : ""}, ${bytes(size)}.`;
  }

  render() {
    const shown = new Set(this.items.map((item) => item.element));
    for (const child of [...this.list.children]) if (!shown.has(child)) child.remove();
    for (const item of this.items) if (!item.element.isConnected) this.list.append(item.element);
    const [done, failed] = ["done", "failed"].map((state) => this.items.filter((item) => item.state === state).length);
    this.go.textContent = this.controller ? "Stop" : "Edit all";
    this.go.disabled = !this.items.length;
    this.take.disabled = !done;
    this.clear.disabled = !this.items.length;
    this.choice.inert = Boolean(this.controller);
    const words = this.items.length ? `${done} of ${this.items.length} edited${failed ? `, ${failed} could not be` : ""}.` : "No pictures yet.";
    this.said.textContent = [words, this.overfull].filter(Boolean).join(" ");
  }
}

class Item {
  constructor(file, changed) {
    Object.assign(this, { file, changed, state: "new", blob: null, wish: null, addresses: [] });
    this.before = h("img", { alt: "", loading: "lazy", decoding: "async", src: this.address(file), onerror: () => (this.before.style.visibility = "hidden") });
    this.after = h("span", { class: "none" });
    this.said = h("span", { class: "said" }, bytes(file.size));
    this.button = h("button", { type: "button", hidden: true, onclick: () => save(this.blob, this.output) }, "Save");
    this.element = h("li", {}, this.before, this.after, h("div", {}, h("b", {}, file.name), this.said), this.button);
  }

  address(blob) {
    const made = URL.createObjectURL(blob);
    this.addresses.push(made);
    return made;
  }

  get output() {
    return this.file.name.replace(/\.[^.]*$/, "") + `-${this.wish.effect}${ENDINGS[this.blob.type] ?? ".png"}`;
  }

  isDone(wish) {
    return this.state === "done" && JSON.stringify(this.wish) === JSON.stringify(wish);
  }

  wait() {
    this.tell("waiting", "Waiting.");
  }

  halt() {
    if (this.state !== "done" && this.state !== "failed") this.tell("new", "Stopped.");
  }

  async edit(wish, signal) {
    const fields = { picture: this.file, format: "same", ...Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== null)) };
    try {
      const { edit, blob } = await this.patiently(() => api.edited(fields, (view) => this.tell("running", progressWords(view)), signal), signal);
      this.wish = wish;
      this.blob = blob;
      const picture = h("img", { alt: `${this.file.name}, edited`, src: this.address(blob) });
      this.after.replaceWith(picture);
      this.after = picture;
      this.button.hidden = false;
      this.tell("done", ["Done.", ...(edit.report.notes ?? []).map((note) => `${forPage(note)}.`)].join(" "));
    } catch (error) {
      if (error.name !== "AbortError") this.tell("failed", error.message);
    }
  }

  /** Wait and ask again while the server's queue is full. */
  async patiently(ask, signal) {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (error.status !== 503 || signal.aborted) throw error;
        this.tell("waiting", error.message);
        await new Promise((resolve) => setTimeout(resolve, 3000));
      }
    }
  }

  tell(state, words) {
    this.state = state;
    this.said.textContent = words;
    this.element.classList.toggle("bad", state === "failed");
    this.changed();
  }

  forget() {
    this.addresses.forEach((each) => URL.revokeObjectURL(each));
  }
}
