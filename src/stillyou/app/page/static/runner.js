// One picture's edits: the newest is carried out, the one before it is given up, finished ones are remembered.

import * as api from "./api.js";
import { bitmaps } from "./incoming.js";
import { key, options } from "./settings.js";

const MOST_RESULTS = 16;
const MOST_PIXELS = 1e8;

/** What is sent for an edit of a picture that the server keeps. */
function fields(picture, settings) {
  return { picture, ...options(settings), ...(settings.mask ? { mask: settings.mask.blob } : {}) };
}

/** Whether the server no longer has the picture: it was started anew, or needed the room. */
const isLost = (error) => error.field === "picture" && error.message.includes("no longer kept");

export class Runner {
  constructor() {
    this.results = new Map();
    this.sent = null;
    this.controller = null;
    this.picture = null;
  }

  /** Work on another picture, a file that is on its way to the server (`sent`, of `api.keep`); null for none. */
  open(picture, sent = null) {
    this.stop();
    this.results.clear();
    this.sent?.then(({ id }) => api.forget(id), () => {});
    this.sent = sent;
    this.picture = picture;
  }

  /** The id by which the server keeps the picture: it is sent once for all its edits. */
  async id() {
    const sent = (this.sent ??= api.keep(this.picture));
    try {
      return (await sent).id;
    } catch (error) {
      if (this.sent === sent) this.sent = null;
      throw error;
    }
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
    const { edit, blob } = await this.asked(settings, told, signal);
    const result = { edit, blob, settings, shown: await bitmaps(blob), seconds: (performance.now() - started) / 1000 };
    this.remember(key(settings), result);
    return result;
  }

  /** Ask the server for an edit: {edit, blob}. */
  async asked(settings, told, signal) {
    const ask = async () => api.edited(fields(await this.id(), settings), told, signal);
    try {
      return await ask();
    } catch (error) {
      if (!isLost(error)) throw error;
      this.sent = null;
      return ask();
    }
  }

  remember(name, result) {
    this.results.delete(name);
    this.results.set(name, result);
    const { width, height } = result.shown;
    const most = Math.max(2, Math.min(MOST_RESULTS, Math.floor(MOST_PIXELS / (width * height))));
    while (this.results.size > most) this.results.delete(this.results.keys().next().value);
  }
}
