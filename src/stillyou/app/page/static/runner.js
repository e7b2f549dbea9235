// One picture's edits: the newest is carried out, the one before it is given up, finished ones are remembered.

import * as api from "./api.js";
import { bitmaps } from "./incoming.js";
import { key, options } from "./settings.js";

const MOST_RESULTS = 16;
const MOST_PIXELS = 1e8;

export class Runner {
  constructor() {
    this.results = new Map();
    this.controller = null;
    this.picture = null;
  }

  /** Work on another picture, a file; null for none. */
  open(picture) {
    this.stop();
    this.results.clear();
    this.picture = picture;
  }

  stop() {
    this.controller?.abort();
    this.controller = null;
  }

  known(settings) {
    return this.results.get(key(settings)) ?? null;
  }

  /** Carry out an edit and give up the one before; null if it was given up itself. */
  async run(settings, told) {
    this.stop();
    const controller = (this.controller = new AbortController());
    try {
      const result = await this.edit(settings, told, controller.signal);
      return controller.signal.aborted ? null : result;
    } catch (error) {
      if (controller.signal.aborted || error.name === "AbortError") return null;
      throw error;
    } finally {
      if (this.controller === controller) this.controller = null;
    }
  }

  /** Carry out an edit beside others. */
  async edit(settings, told, signal) {
    const known = this.known(settings);
    if (known) return known;
    const started = performance.now();
    const { edit, blob } = await api.edited(this.fields(settings), told, signal);
    const result = { edit, blob, settings, shown: await bitmaps(blob), seconds: (performance.now() - started) / 1000 };
    this.remember(key(settings), result);
    return result;
  }

  /** What is sent for an edit. */
  fields(settings) {
    return { picture: this.picture, ...options(settings), ...(settings.mask ? { mask: settings.mask.blob } : {}) };
  }

  remember(name, result) {
    this.results.delete(name);
    this.results.set(name, result);
    const { width, height } = result.shown;
    const most = Math.max(2, Math.min(MOST_RESULTS, Math.floor(MOST_PIXELS / (width * height))));
    while (this.results.size > most) this.results.delete(this.results.keys().next().value);
  }
}
