// The page for one picture: what is wanted goes to the server, what comes back goes onto the stage.

import * as api from "./api.js";
import { takePhoto } from "./camera.js";
import { byId, h, redraw, settled } from "./dom.js";
import { readPicture } from "./incoming.js";
import { openMask, openMove, showMask } from "./modes.js";
import { Nudging } from "./nudge.js";
import { Paint } from "./paint.js";
import { mainPanel, maskPanel, movePanel } from "./panels.js";
import { Runner } from "./runner.js";
import { copyDialog, downloadDialog } from "./saving.js";
import { FRESH, History } from "./settings.js";
import { Stage } from "./stage.js";
import { progressShare, progressWords, resultWords } from "./words.js";

/** How results are fetched for the display: as PNG, but JPEG where the picture is one or PNG would take seconds. */
function shownFormat(file, { width, height }) {
  const jpeg = file.type === "image/jpeg" || /\.jpe?g$/i.test(file.name);
  return jpeg || (width * height > 8e6 && file.type !== "image/png") ? "jpeg" : "png";
}

export class Editor {
  constructor(effects, samples) {
    this.effects = effects;
    this.runner = new Runner();
    this.history = new History((settings) => this.wanted(settings));
    this.paint = new Paint(() => this.painted());
    this.nudging = new Nudging((nudge) => this.set({ nudge }, "nudge"));
    const tools = { mask: this.paint, move: this.nudging, compare: { key: (event) => this.compareKey(event) } };
    this.stage = new Stage(byId("canvas"), tools);
    this.paint.stage = this.nudging.stage = this.stage;
    this.masks = 0;
    this.dialsOpen = false;
    this.later = settled(180, () => this.run());
    this.history.steps[0] = { ...FRESH, ...this.firstEffect() };
    this.wire();
    this.offer(samples);
    this.render();
  }

  firstEffect() {
    const first = this.effects.find((each) => each.designs?.length) ?? this.effects[0];
    return { effect: first.id, design: first.designs?.[0]?.name ?? null };
  }

  get settings() {
    return this.history.now;
  }

  get effect() {
    return this.effects.find((each) => each.id === this.settings.effect);
  }

  /** Change what is wanted. */
  set(some, kind = null) {
    this.history.set(some, kind);
  }

  wire() {
    byId("choose").addEventListener("click", () => byId("file").click());
    byId("another").addEventListener("click", () => this.close());
    byId("shoot").addEventListener("click", async () => this.open(await takePhoto(byId("lens"))));
    for (const id of ["file", "lens"]) byId(id).addEventListener("change", (event) => this.open(event.target.files[0]));
    byId("undo").addEventListener("click", () => this.step(true));
    byId("redo").addEventListener("click", () => this.step(false));
    byId("nearer").addEventListener("click", () => this.stage.zoomBy(1.5));
    byId("whole").addEventListener("click", () => this.stage.zoomBy(0));
    byId("copy").addEventListener("click", () => copyDialog(this));
    byId("download").addEventListener("click", () => downloadDialog(this));
    byId("divider").addEventListener("input", (event) => {
      this.stage.divider = event.target.value / 100;
      this.stage.dirty();
    });
    this.stage.onDivider = (share) => (byId("divider").value = Math.round(share * 100));
    for (const input of document.querySelectorAll('input[name="mode"]')) {
      input.addEventListener("change", () => this.setMode(input.value));
    }
    document.addEventListener("keydown", (event) => this.shortcut(event));
  }

  offer(samples) {
    byId("samples").replaceChildren(...samples.map(({ name, words }) => {
      const address = `/page/samples/${name}`;
      const image = h("img", { src: address, alt: words, loading: "lazy" });
      return h("button", { type: "button", onclick: async () => this.openSample(address, name) }, image);
    }));
  }

  async openSample(address, name) {
    try {
      this.open(new File([await api.blob(address)], name));
    } catch (error) {
      this.fail(error);
    }
  }

  // A picture comes and goes

  /** Take a picture: show it at once, send it, and edit it as it is wanted now. */
  async open(file) {
    if (!file) return;
    this.runner.stop();
    this.fail(null);
    this.say("Reading the picture …");
    const opening = (this.opening = {});
    const sent = api.keep(file); // on its way while the browser decodes it; the first edit tells what went wrong
    sent.catch(() => {});
    const unsent = () => sent.then(({ id }) => api.forget(id), () => {});
    try {
      const picture = await readPicture(file, this.settings.effect);
      if (this.opening !== opening) return unsent();
      this.picture = picture;
      this.file = file;
      this.result = null;
      this.paint.close();
      this.nudging.reset();
      this.show();
      this.runner.open(file, sent);
      const format = shownFormat(file, picture);
      this.history.reset({ ...this.settings, face: "largest", mask: null, nudge: null, crop: null, domain: "auto", format });
      this.render();
      await this.run();
    } catch (error) {
      unsent();
      if (this.opening === opening) this.fail(error, () => this.open(file));
    }
  }

  show() {
    const { width, height } = this.picture;
    this.stage.canvas.style.aspectRatio = `${width} / ${height}`;
    this.stage.open(this.picture, { width, height });
    byId("empty").hidden = true;
    for (const id of ["shown", "tools"]) byId(id).hidden = false;
    this.setMode("compare");
    this.stage.resized();
  }

  close() {
    this.opening = null;
    this.runner.open(null);
    this.picture = this.result = null;
    this.history.reset({ ...this.settings, mask: null, nudge: null });
    byId("empty").hidden = false;
    for (const id of ["shown", "tools"]) byId(id).hidden = true;
    byId("file").value = "";
    this.say("");
    this.fail(null);
    this.render();
    byId("choose").focus();
  }

  // An edit

  wanted(settings) {
    this.renderTools();
    if (this.rendered !== this.shape(settings)) this.render();
    if (!this.picture || !this.runner.picture) return;
    if (this.runner.known(settings)) this.run();
    else this.later();
  }

  /** What the panel's form depends on: changes of other settings leave it, and the focus in it, alone. */
  shape(settings) {
    const { effect, draft } = settings;
    return JSON.stringify([effect, draft, this.history.at < this.history.steps.length - 1, settings.mask?.number ?? 0]);
  }

  async run() {
    const settings = this.settings;
    this.fail(null);
    this.busy({ state: "sent" });
    try {
      const result = await this.runner.run(settings, (view) => this.busy(view));
      if (!result || settings !== this.settings) return;
      this.finished(result);
    } catch (error) {
      this.busy(null);
      if (settings === this.settings) this.fail(error, () => this.run());
    }
  }

  finished(result) {
    this.busy(null);
    const first = !this.result;
    this.result = result;
    this.stage.show(result.shown);
    const { report } = result.edit;
    this.nudging.placedBy(report.placed ?? [], result.settings.nudge);
    const words = resultWords(this.effect, report, result.seconds);
    this.say(words);
    this.stage.canvas.setAttribute("aria-label", `The picture before and after the edit. ${words}`);
    if (this.stage.mode === "mask" && !this.paint.mask?.touched) openMask(this);
    if (this.stage.mode === "move") openMove(this);
    if (first || this.reported !== this.reportShape(report)) this.render();
    this.renderTools();
  }

  reportShape(report) {
    return JSON.stringify([report.domain, report.faces?.length, Boolean(report.placed?.length)]);
  }

  busy(view) {
    byId("progress").hidden = !view;
    this.stage.canvas.setAttribute("aria-busy", String(Boolean(view)));
    if (!view) return;
    const bar = byId("bar");
    const share = progressShare(view);
    if (share === null) bar.removeAttribute("value");
    else bar.value = share;
    this.say(progressWords(view));
  }

  say(words) {
    const status = byId("status");
    if (status.textContent !== words) status.textContent = words;
  }

  fail(error, retry = null) {
    const box = byId("failed");
    box.hidden = !error;
    if (!error) return;
    this.say("");
    this.busy(null);
    box.querySelector("p").textContent = error.message;
    const button = box.querySelector("button");
    button.hidden = !retry;
    button.onclick = retry;
  }

  // Modes

  setMode(mode) {
    document.querySelector(`input[name="mode"][value="${mode}"]`).checked = true;
    this.stage.setMode(mode);
    for (const each of ["mask", "move"]) byId(`panel-${each}`).hidden = each !== mode;
    document.querySelector(".divide").hidden = mode !== "compare";
    if (mode === "mask") showMask(this);
    if (mode === "move") openMove(this);
    this.renderTools();
  }

  painted() {
    this.renderTools();
    this.renderMode();
  }

  // Steps back and forth

  step(back) {
    const did = this.stage.mode === "mask" && this.paint.step(back);
    if (!did && this.history.move(back ? -1 : 1)) this.render();
    this.renderTools();
  }

  shortcut(event) {
    if (!(event.ctrlKey || event.metaKey) || event.target.matches("input[type=text], input[type=number], textarea")) return;
    const redo = event.key === "y" || (event.shiftKey && event.key.toLowerCase() === "z");
    if (!redo && event.key !== "z") return;
    event.preventDefault();
    this.step(!redo);
  }

  compareKey(event) {
    const by = { ArrowLeft: -0.02, ArrowRight: 0.02, Home: -1, End: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    this.stage.divider = Math.min(1, Math.max(0, this.stage.divider + by));
    this.stage.onDivider(this.stage.divider);
    this.stage.dirty();
  }

  // Panels

  render() {
    this.rendered = this.shape(this.settings);
    this.reported = this.result ? this.reportShape(this.result.edit.report) : null;
    redraw(byId("panel-main"), ...mainPanel(this));
    this.renderMode();
    this.renderTools();
  }

  renderMode() {
    redraw(byId("panel-mask"), ...maskPanel(this));
    redraw(byId("panel-move"), ...movePanel(this));
  }

  renderTools() {
    const painting = this.stage.mode === "mask" ? this.paint.mask : null;
    byId("undo").disabled = !(this.history.canUndo || painting?.done.length);
    byId("redo").disabled = !(this.history.canRedo || painting?.undone.length);
    for (const id of ["copy", "download"]) byId(id).disabled = !this.result;
  }
}
