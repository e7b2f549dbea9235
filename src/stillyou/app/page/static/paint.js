// Painting on the mask: pointer, keyboard and brush, in pixels of the picture.

import { Mask } from "./mask.js";

export class Paint {
  constructor(changed) {
    this.mask = null;
    this.changed = changed;
    this.tool = "add";
    this.size = 0.06;
    this.softness = 0.4;
    this.at = this.last = null;
    this.of = null; // the result whose mask it is
    this.opening = null;
  }

  /** Start from a mask's values, or from an empty mask. */
  open(width, height, values = null) {
    this.mask = new Mask(width, height, values);
    this.at = this.last = null;
  }

  close() {
    this.mask = null;
  }

  /** Radius of the brush in pixels of the picture. */
  get radius() {
    return Math.max(1, (this.size * Math.min(this.mask.width, this.mask.height)) / 2);
  }

  down(point) {
    if (!this.mask) return;
    this.mask.begin();
    this.last = point;
    this.move(point);
  }

  move(point) {
    this.at = point;
    if (!this.last || !this.mask?.stroke) return;
    this.stage.overlay.changed(this.mask.paint(this.tool, this.last, point, this.radius, this.softness));
    this.last = point;
  }

  up() {
    if (!this.mask?.stroke) return;
    this.mask.end();
    this.last = null;
    this.changed();
  }

  /** A second finger came down: what was begun was no stroke. */
  cancel() {
    if (!this.mask?.stroke) return;
    this.mask.end();
    this.mask.undo();
    this.mask.undone = [];
    this.last = null;
    this.stage.overlay.stale();
  }

  leave() {
    if (!this.last) this.at = null;
  }

  whole(how) {
    this.mask.whole(how);
    this.stage.overlay.stale();
    this.stage.dirty();
    this.changed();
  }

  step(back) {
    const did = back ? this.mask?.undo() : this.mask?.redo();
    if (did) {
      this.stage.overlay.stale();
      this.stage.dirty();
      this.changed();
    }
    return Boolean(did);
  }

  /** Arrow keys move the brush, space paints a dab, brackets change its size. */
  key(event) {
    if (!this.mask) return;
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const far = this.radius * (event.shiftKey ? 2 : 0.5);
    const at = this.at ?? { x: this.mask.width / 2, y: this.mask.height / 2 };
    if (ways[event.key]) {
      const [right, down] = ways[event.key];
      const limit = (value, most) => Math.min(most, Math.max(0, value));
      this.at = { x: limit(at.x + right * far, this.mask.width), y: limit(at.y + down * far, this.mask.height) };
    } else if (event.key === " ") {
      this.down(at);
      this.up();
    } else if (event.key === "[" || event.key === "]") {
      this.size = Math.min(0.5, Math.max(0.01, this.size * (event.key === "]" ? 1.25 : 0.8)));
    } else return;
    event.preventDefault();
    this.stage.dirty();
  }

  draw(context, stage) {
    if (!this.at || !this.mask) return;
    const { x, y } = stage.toScreen(this.at);
    for (const [colour, width] of [["rgba(0, 0, 0, .6)", 3], ["#fff", 1.5]]) {
      context.beginPath();
      context.arc(x, y, Math.max(3, this.radius * stage.view.scale), 0, 2 * Math.PI);
      context.strokeStyle = colour;
      context.lineWidth = width * stage.ratio;
      context.stroke();
    }
  }
}
