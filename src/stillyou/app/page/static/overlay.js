// The mask laid over the stage in one colour, at the display's resolution; only what changed is drawn again.

const COLOUR = [228, 36, 116];
const STRENGTH = 0.55;

export class Overlay {
  constructor(stage) {
    this.stage = stage;
    this.canvas = new OffscreenCanvas(1, 1);
    this.context = this.canvas.getContext("2d");
    this.fresh = false;
  }

  stale() {
    this.fresh = false;
  }

  /** Note that some of the mask's pixels changed: {left, top, right, bottom}. */
  changed(box) {
    const mask = this.stage.tools.mask.mask;
    if (!this.fresh || !mask || !box) return;
    const { scale, x, y } = this.stage.view;
    this.fill(mask, {
      left: Math.floor(x + scale * box.left) - 1,
      top: Math.floor(y + scale * box.top) - 1,
      right: Math.ceil(x + scale * box.right) + 1,
      bottom: Math.ceil(y + scale * box.bottom) + 1,
    });
  }

  draw() {
    const mask = this.stage.tools.mask.mask;
    if (!mask) return;
    const { width, height } = this.stage.canvas;
    if (!this.fresh || this.canvas.width !== width || this.canvas.height !== height) {
      Object.assign(this.canvas, { width, height });
      this.fill(mask, { left: 0, top: 0, right: width, bottom: height });
      this.fresh = true;
    }
    this.stage.context.drawImage(this.canvas, 0, 0);
  }

  fill(mask, box) {
    const { scale, x, y } = this.stage.view;
    const left = Math.max(box.left, 0, Math.ceil(x));
    const top = Math.max(box.top, 0, Math.ceil(y));
    const right = Math.min(box.right, this.canvas.width, Math.floor(x + scale * mask.width));
    const bottom = Math.min(box.bottom, this.canvas.height, Math.floor(y + scale * mask.height));
    if (right <= left || bottom <= top) return;
    const pixels = this.context.createImageData(right - left, bottom - top);
    const columns = Int32Array.from({ length: right - left }, (_, i) =>
      Math.min(mask.width - 1, Math.max(0, Math.floor((left + i + 0.5 - x) / scale)))
    );
    for (let row = top, at = 0; row < bottom; row++) {
      const start = Math.min(mask.height - 1, Math.max(0, Math.floor((row + 0.5 - y) / scale))) * mask.width;
      for (let i = 0; i < columns.length; i++, at += 4) {
        const value = mask.values[start + columns[i]];
        if (!value) continue;
        pixels.data[at] = COLOUR[0];
        pixels.data[at + 1] = COLOUR[1];
        pixels.data[at + 2] = COLOUR[2];
        pixels.data[at + 3] = value * STRENGTH;
      }
    }
    this.context.putImageData(pixels, left, top);
  }
}
