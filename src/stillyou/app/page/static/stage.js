// The stage: one canvas with the picture before and after an edit, and what is drawn over it.
//
// Two sizes meet here. Picture pixels are what the server, the mask and nudges know; screen pixels are the canvas's own.
// `view` maps one to the other: screen = origin + scale * picture.

import { Overlay } from "./overlay.js";

const MOST_ZOOM = 8;
const GRIP = 22;

export class Stage {
  /** @param tools by mode: {down(point), move(point), up(), draw(context, stage), key(event), cursor} */
  constructor(canvas, tools) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.tools = tools;
    this.before = this.after = this.size = null;
    this.mode = "compare";
    this.divider = 0.5;
    this.zoom = 1;
    this.centre = null;
    this.pointers = new Map();
    this.overlay = new Overlay(this);
    this.onDivider = () => {};
    new ResizeObserver(() => this.resized()).observe(canvas);
    for (const kind of ["down", "move", "up", "cancel", "leave"]) {
      canvas.addEventListener(`pointer${kind}`, (event) => this[`on${kind}`](event));
    }
    canvas.addEventListener("wheel", (event) => this.onwheel(event), { passive: false });
    canvas.addEventListener("keydown", (event) => this.tools[this.mode]?.key?.(event));
    canvas.addEventListener("blur", () => this.dirty());
    canvas.addEventListener("focus", () => this.dirty());
  }

  /** Show a picture: {full, small} bitmaps of one picture; `size` is the picture's own. */
  open(before, size) {
    this.before = before;
    this.after = null;
    this.size = size;
    this.zoom = 1;
    this.centre = { x: size.width / 2, y: size.height / 2 };
    this.resized();
  }

  show(after) {
    this.after = after;
    this.dirty();
  }

  setMode(mode) {
    this.mode = mode;
    this.canvas.dataset.mode = mode;
    this.overlay.stale();
    this.dirty();
  }

  // From one kind of pixel to the other

  get fit() {
    const { width, height } = this.canvas;
    return Math.min(width / this.size.width, height / this.size.height);
  }

  get view() {
    const scale = this.fit * this.zoom;
    const place = (canvas, picture, centre) => {
      const room = canvas - picture * scale;
      return room >= 0 ? room / 2 : Math.min(0, Math.max(room, canvas / 2 - centre * scale));
    };
    return {
      scale,
      x: place(this.canvas.width, this.size.width, this.centre.x),
      y: place(this.canvas.height, this.size.height, this.centre.y),
    };
  }

  toPicture(event) {
    const box = this.canvas.getBoundingClientRect();
    const ratio = this.canvas.width / box.width;
    const { scale, x, y } = this.view;
    return { x: ((event.clientX - box.left) * ratio - x) / scale, y: ((event.clientY - box.top) * ratio - y) / scale };
  }

  toScreen(point) {
    const { scale, x, y } = this.view;
    return { x: x + scale * point.x, y: y + scale * point.y };
  }

  /** Canvas pixels a CSS pixel. */
  get ratio() {
    return this.canvas.width / Math.max(1, this.canvas.clientWidth);
  }

  resized() {
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const width = Math.max(1, Math.round(this.canvas.clientWidth * ratio));
    const height = Math.max(1, Math.round(this.canvas.clientHeight * ratio));
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    this.overlay.stale();
    this.dirty();
  }

  zoomBy(factor, about = null) {
    if (!this.size) return;
    const { scale, x, y } = this.view;
    const point = about ?? { x: (this.canvas.width / 2 - x) / scale, y: (this.canvas.height / 2 - y) / scale };
    const old = this.zoom;
    this.zoom = factor === 0 ? 1 : Math.min(MOST_ZOOM, Math.max(1, this.zoom * factor));
    const share = old / this.zoom;
    this.centre = {
      x: point.x + (this.centre.x - point.x) * share,
      y: point.y + (this.centre.y - point.y) * share,
    };
    this.overlay.stale();
    this.dirty();
  }

  // Pointers

  ondown(event) {
    if (!this.size || event.button > 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (this.pointers.size > 1) return this.tools[this.mode]?.cancel?.();
    this.tools[this.mode]?.down?.(this.toPicture(event), event);
    this.panning = this.mode === "compare" && this.zoom > 1 && !this.nearDivider(event);
    if (this.mode === "compare" && !this.panning) this.moveDivider(event);
    this.dirty();
  }

  onmove(event) {
    if (!this.size) return;
    const last = this.pointers.get(event.pointerId);
    if (last && this.pointers.size > 1) this.pinch(event, last);
    else if (last && this.panning) this.pan(event.clientX - last.x, event.clientY - last.y);
    else if (last && this.mode === "compare") this.moveDivider(event);
    else for (const each of event.getCoalescedEvents?.() ?? [event]) this.tools[this.mode]?.move?.(this.toPicture(each), each);
    if (last) this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    this.dirty();
  }

  onup(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    if (this.pointers.size === 0) this.tools[this.mode]?.up?.();
    this.panning = false;
    this.dirty();
  }

  oncancel(event) {
    this.onup(event);
  }

  onleave() {
    this.tools[this.mode]?.leave?.();
    this.dirty();
  }

  onwheel(event) {
    if (!this.size || !(event.ctrlKey || this.zoom > 1)) return;
    event.preventDefault();
    if (event.ctrlKey) this.zoomBy(Math.exp(-event.deltaY / 200), this.toPicture(event));
    else this.pan(-event.deltaX, -event.deltaY);
  }

  pan(dx, dy) {
    const { scale } = this.view;
    const limit = (value, most) => Math.min(most, Math.max(0, value));
    this.centre = {
      x: limit(this.centre.x - (dx * this.ratio) / scale, this.size.width),
      y: limit(this.centre.y - (dy * this.ratio) / scale, this.size.height),
    };
    this.overlay.stale();
    this.dirty();
  }

  pinch(event, last) {
    const [other] = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    const apart = (a) => Math.max(1, Math.hypot(a.x - other.x, a.y - other.y));
    const middle = { clientX: (event.clientX + other.x) / 2, clientY: (event.clientY + other.y) / 2 };
    this.zoomBy(apart({ x: event.clientX, y: event.clientY }) / apart(last), this.toPicture(middle));
    this.pan((event.clientX - last.x) / 2, (event.clientY - last.y) / 2);
  }

  nearDivider(event) {
    const at = this.toScreen({ x: this.divider * this.size.width, y: 0 }).x / this.ratio;
    return Math.abs(event.clientX - this.canvas.getBoundingClientRect().left - at) < GRIP;
  }

  moveDivider(event) {
    this.divider = Math.min(1, Math.max(0, this.toPicture(event).x / this.size.width));
    this.onDivider(this.divider);
  }

  // Drawing

  dirty() {
    if (this.asked) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = 0;
      this.draw();
    });
  }

  draw() {
    const { context, canvas } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!this.size) return;
    if (!this.after) this.picture(this.before);
    else if (this.mode === "compare") this.compared();
    else this.picture(this.mode === "move" && this.tools.move.base ? this.before : this.after);
    if (this.mode === "mask") this.overlay.draw();
    this.tools[this.mode]?.draw?.(context, this);
  }

  picture(bitmaps) {
    const { scale, x, y } = this.view;
    const { width, height } = this.size;
    const bitmap = scale * width > bitmaps.small.width * 1.1 ? bitmaps.full : bitmaps.small;
    this.context.imageSmoothingQuality = "high";
    this.context.imageSmoothingEnabled = scale < 4;
    this.context.drawImage(bitmap, x, y, width * scale, height * scale);
  }

  compared() {
    const { context, canvas } = this;
    const at = Math.round(this.toScreen({ x: this.divider * this.size.width, y: 0 }).x);
    this.half(0, at, this.before);
    this.half(at, canvas.width - at, this.after);
    if (this.divider <= 0 || this.divider >= 1) return;
    const top = Math.max(0, this.view.y);
    const bottom = Math.min(canvas.height, this.view.y + this.size.height * this.view.scale);
    context.fillStyle = "rgba(0, 0, 0, .35)";
    context.fillRect(at - 1.5 * this.ratio, top, 3 * this.ratio, bottom - top);
    context.fillStyle = "#fff";
    context.fillRect(at - 0.75 * this.ratio, top, 1.5 * this.ratio, bottom - top);
    this.knob(at, (top + bottom) / 2);
  }

  half(left, width, bitmaps) {
    this.context.save();
    this.context.beginPath();
    this.context.rect(left, 0, width, this.canvas.height);
    this.context.clip();
    this.picture(bitmaps);
    this.context.restore();
  }

  knob(x, y) {
    const { context, ratio } = this;
    context.beginPath();
    context.arc(x, y, 15 * ratio, 0, 2 * Math.PI);
    context.fillStyle = "#fff";
    context.shadowColor = "rgba(0, 0, 0, .35)";
    context.shadowBlur = 8 * ratio;
    context.fill();
    context.shadowBlur = 0;
    context.strokeStyle = "#3a3833";
    context.lineWidth = 1.75 * ratio;
    context.lineCap = context.lineJoin = "round";
    for (const side of [-1, 1]) {
      context.beginPath();
      context.moveTo(x + side * 4 * ratio, y - 4 * ratio);
      context.lineTo(x + side * 8 * ratio, y);
      context.lineTo(x + side * 4 * ratio, y + 4 * ratio);
      context.stroke();
    }
  }
}
