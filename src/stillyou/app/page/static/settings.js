// What somebody wants of an edit, as one plain object that is replaced and never changed: undo is the one before.

import { nudgeText } from "./nudge.js";

export const FRESH = {
  effect: null, design: null, strength: 1, refine: null, wear: "both", domain: "auto", face: "largest", seed: 0,
  steps: null, guidance: null, mask_strategy: null, close_up: null, resolution: null, draft: "auto",
  crop: null, nudge: null, mask: null, format: "same", keep_location: false,
};

/** The options that the API is sent: those that say something. */
export function options(settings) {
  const { mask, nudge, guidance, ...plain } = settings;
  const said = Object.entries(plain).filter(([name, value]) => value !== null && value !== USUAL[name]);
  const sent = Object.fromEntries(said);
  if (settings.crop) delete sent.face;
  if (guidance) sent.guidance = guidance.join(",");
  const text = settings.draft === "none" ? null : nudgeText(nudge);
  if (text) sent.nudge = text;
  return sent;
}

const USUAL = { strength: 1, wear: "both", domain: "auto", face: "largest", draft: "auto", keep_location: false };

/** What equal edits have in common. */
export function key(settings) {
  return JSON.stringify({ ...options(settings), mask: settings.mask?.number ?? 0 });
}

/** Settings with steps back and forth. */
export class History {
  constructor(changed) {
    this.changed = changed;
    this.reset(FRESH);
  }

  reset(settings) {
    this.steps = [settings];
    this.at = 0;
    this.last = null;
  }

  get now() {
    return this.steps[this.at];
  }

  /** Change some settings; changes of one `kind` within a second and a half are one step. */
  set(some, kind = null) {
    const next = { ...this.now, ...some };
    const time = Date.now();
    const joined = kind !== null && this.last?.kind === kind && time - this.last.time < 1500 && this.at > 0;
    this.steps.length = this.at + 1;
    if (joined) this.steps[this.at] = next;
    else this.at = this.steps.push(next) - 1;
    this.last = { kind, time };
    this.changed(next);
  }

  get canUndo() {
    return this.at > 0;
  }

  get canRedo() {
    return this.at < this.steps.length - 1;
  }

  move(by) {
    const to = this.at + by;
    if (to < 0 || to >= this.steps.length) return false;
    this.at = to;
    this.last = null;
    this.changed(this.now);
    return true;
  }
}
