// The editing mask at the picture's own size, whatever the display's: 255 = edit, 0 = keep, bit for bit.
// Brushes work on the values themselves, so that what is painted is exactly what is sent.

import { greyPng } from "./png.js";

const MOST_STROKES = 40;

/** Blur a region (width x height) by a box of radius r in both directions, twice; edges repeat. */
export function blurred(values, width, height, r) {
  const from = Float32Array.from(values);
  const between = new Float32Array(from.length);
  for (let round = 0; round < 2; round++) {
    alongRows(from, between, width, height, r);
    alongColumns(between, from, width, height, r);
  }
  return from;
}

function alongRows(from, to, width, height, r) {
  const weight = 1 / (2 * r + 1);
  const last = width - 1;
  for (let start = 0; start < width * height; start += width) {
    let sum = from[start] * (r + 1);
    for (let i = 1; i <= r; i++) sum += from[start + Math.min(last, i)];
    for (let x = 0; x < width; x++) {
      to[start + x] = sum * weight;
      sum += from[start + Math.min(last, x + r + 1)] - from[start + Math.max(0, x - r)];
    }
  }
}

/** As along rows, all columns at once: memory is read in its order. */
function alongColumns(from, to, width, height, r) {
  const weight = 1 / (2 * r + 1);
  const row = (y) => Math.min(height - 1, Math.max(0, y)) * width;
  const sums = new Float32Array(width);
  for (let y = -r; y <= r; y++) for (let x = 0, at = row(y); x < width; x++) sums[x] += from[at + x];
  for (let y = 0; y < height; y++) {
    const [here, coming, going] = [y * width, row(y + r + 1), row(y - r)];
    for (let x = 0; x < width; x++) {
      to[here + x] = sums[x] * weight;
      sums[x] += from[coming + x] - from[going + x];
    }
  }
}

export class Mask {
  constructor(width, height, values = null) {
    this.width = width;
    this.height = height;
    this.values = values ?? new Uint8Array(width * height);
    this.done = [];
    this.undone = [];
    this.stroke = null;
  }

  /** Whether anything was painted. */
  get touched() {
    return this.done.length > 0;
  }

  begin() {
    this.stroke = { before: this.values.slice(), box: null };
  }

  /** Paint from one point to another in pixels of the picture; returns the box that changed. */
  paint(tool, from, to, radius, softness) {
    const box = this.around(from, to, radius);
    if (!box) return null;
    const soft = Math.max(1, radius * softness);
    const smooth = tool === "feather" ? this.smoothed(box, Math.max(1, Math.round(radius / 5))) : null;
    const dx = to.x - from.x;
    const dy = to.y - from.y;
    const long = dx * dx + dy * dy;
    for (let y = box.top; y < box.bottom; y++) {
      for (let x = box.left; x < box.right; x++) {
        const px = x + 0.5 - from.x;
        const py = y + 0.5 - from.y;
        const t = long ? Math.min(1, Math.max(0, (px * dx + py * dy) / long)) : 0;
        const away = Math.hypot(px - t * dx, py - t * dy);
        if (away > radius) continue;
        const weight = Math.min(1, (radius - away) / soft);
        this.touch(tool, x, y, weight, smooth, box);
      }
    }
    this.widen(box);
    return box;
  }

  touch(tool, x, y, weight, smooth, box) {
    const at = y * this.width + x;
    const old = this.values[at];
    if (tool === "add") this.values[at] = Math.max(old, Math.round(255 * weight));
    else if (tool === "erase") this.values[at] = Math.min(old, Math.round(255 * (1 - weight)));
    else {
      const mean = smooth[(y - box.top) * (box.right - box.left) + x - box.left];
      this.values[at] = Math.round(old + weight * (mean - old));
    }
  }

  around(from, to, radius) {
    const box = {
      left: Math.max(0, Math.floor(Math.min(from.x, to.x) - radius)),
      top: Math.max(0, Math.floor(Math.min(from.y, to.y) - radius)),
      right: Math.min(this.width, Math.ceil(Math.max(from.x, to.x) + radius)),
      bottom: Math.min(this.height, Math.ceil(Math.max(from.y, to.y) + radius)),
    };
    return box.right > box.left && box.bottom > box.top ? box : null;
  }

  smoothed(box, r) {
    return blurred(this.cut(this.values, box), box.right - box.left, box.bottom - box.top, r);
  }

  cut(values, box) {
    const width = box.right - box.left;
    const part = new Uint8Array(width * (box.bottom - box.top));
    for (let y = box.top; y < box.bottom; y++) {
      part.set(values.subarray(y * this.width + box.left, y * this.width + box.right), (y - box.top) * width);
    }
    return part;
  }

  put(part, box) {
    const width = box.right - box.left;
    for (let y = box.top; y < box.bottom; y++) {
      this.values.set(part.subarray((y - box.top) * width, (y - box.top + 1) * width), y * this.width + box.left);
    }
  }

  widen(box) {
    const all = this.stroke?.box;
    if (!this.stroke) return;
    this.stroke.box = !all
      ? { ...box }
      : {
          left: Math.min(all.left, box.left),
          top: Math.min(all.top, box.top),
          right: Math.max(all.right, box.right),
          bottom: Math.max(all.bottom, box.bottom),
        };
  }

  end() {
    const { before, box } = this.stroke ?? {};
    this.stroke = null;
    if (!box) return;
    this.done.push({ box, part: this.cut(before, box) });
    if (this.done.length > MOST_STROKES) this.done.shift();
    this.undone = [];
  }

  /** Change the whole mask: `softer` blurs its edges, `clear` empties it, `all` fills it, `invert` swaps. */
  whole(how) {
    this.begin();
    const { values, width, height } = this;
    if (how === "softer") {
      const r = Math.max(1, Math.round(Math.min(width, height) / 120));
      const soft = blurred(values, width, height, r);
      for (let i = 0; i < soft.length; i++) values[i] = soft[i] + 0.5;
    } else if (how === "invert") for (let i = 0; i < values.length; i++) values[i] = 255 - values[i];
    else values.fill(how === "all" ? 255 : 0);
    this.widen({ left: 0, top: 0, right: width, bottom: height });
    this.end();
  }

  /** Take the last stroke back; false if there is none. */
  undo() {
    return this.swap(this.done, this.undone);
  }

  redo() {
    return this.swap(this.undone, this.done);
  }

  swap(from, to) {
    const step = from.pop();
    if (!step) return false;
    to.push({ box: step.box, part: this.cut(this.values, step.box) });
    this.put(step.part, step.box);
    return true;
  }

  /** The mask as a PNG of the picture's size. */
  png() {
    return greyPng(this.values, this.width, this.height);
  }

  /** Share of the picture that is marked. */
  get area() {
    let marked = 0;
    for (let i = 0; i < this.values.length; i++) marked += this.values[i] >= 128;
    return marked / this.values.length;
  }
}
