// Moving hat and coat by hand. Each is held by a bar over its brim or shoulders: the middle moves it, the ends turn it
// and change its size. While it is dragged a layer stands in for it; the server then draws it anew where it was put.

export const NOTHING = { dx: 0, dy: 0, scale: 1, turn: 0 };
const NAMES = { hat: "Hat", coat: "Coat" };
const REACH = 24;

/** A nudge of both parts in the words of the API: hat:DX,DY,SCALE,TURN/coat:...; null for nothing. */
export function nudgeText(nudge) {
  const parts = Object.entries(nudge ?? {}).filter(([, each]) => !same(each, NOTHING));
  const text = parts.map(([part, each]) => `${part}:${[each.dx, each.dy, each.scale, each.turn].map(short).join(",")}`);
  return text.length ? text.join("/") : null;
}

const short = (value) => String(Math.round(value * 1000) / 1000);
const same = (a, b) => Object.keys(NOTHING).every((name) => a[name] === b[name]);

export class Nudging {
  /** @param changed called with the new nudge {hat, coat} when a grip is let go. */
  constructor(changed) {
    this.changed = changed;
    this.reset();
  }

  reset() {
    this.placed = []; // where the last edit put things, by the server: {part, x, y, half, tilt}
    this.done = {}; // the nudge of that edit
    this.now = {};
    this.layers = {}; // {hat, coat}: bitmaps of the art alone, drawn with `layersAt`
    this.layersAt = {};
    this.held = this.active = null;
  }

  /** Take over where an edit put hat and coat. */
  placedBy(placed, nudge) {
    this.placed = placed;
    this.done = { hat: NOTHING, coat: NOTHING, ...nudge };
    this.now = { ...this.done };
    this.held = null;
    this.base = false;
  }

  /** Where a part is now: {x, y, half, tilt}, in pixels of the picture. */
  place(part) {
    const at = this.placed.find((each) => each.part === part);
    if (!at) return null;
    const [done, now] = [this.done[part], this.now[part]];
    return {
      x: at.x + now.dx - done.dx,
      y: at.y + now.dy - done.dy,
      half: (at.half * now.scale) / done.scale,
      tilt: at.tilt + now.turn - done.turn,
    };
  }

  ends(place) {
    const angle = (place.tilt * Math.PI) / 180;
    const [dx, dy] = [Math.cos(angle) * place.half, Math.sin(angle) * place.half];
    return { left: { x: place.x - dx, y: place.y - dy }, middle: place, right: { x: place.x + dx, y: place.y + dy } };
  }

  down(point) {
    this.held = this.nearest(point);
    if (this.held) this.active = this.held.part;
  }

  nearest(point) {
    const reach = (REACH * this.stage.ratio) / this.stage.view.scale;
    let best = null;
    for (const { part } of this.placed) {
      const place = this.place(part);
      for (const [grip, at] of Object.entries(this.ends(place))) {
        const away = Math.hypot(point.x - at.x, point.y - at.y);
        if (away < reach && !(best && best.away <= away)) best = { part, grip, away, from: point, start: this.now[part], place };
      }
    }
    return best;
  }

  move(point) {
    if (!this.held) return;
    const { part, grip, from, start, place } = this.held;
    if (grip === "middle") {
      this.now[part] = { ...start, dx: start.dx + point.x - from.x, dy: start.dy + point.y - from.y };
    } else {
      const side = grip === "right" ? 1 : -1;
      const [x, y] = [side * (point.x - place.x), side * (point.y - place.y)];
      const scale = Math.min(4, Math.max(0.25, (start.scale * Math.hypot(x, y)) / place.half));
      let turn = start.turn + (Math.atan2(y, x) * 180) / Math.PI - place.tilt;
      turn = ((turn + 540) % 360) - 180;
      this.now[part] = { ...start, scale, turn };
    }
    this.base = Boolean(this.layers.hat || this.layers.coat);
  }

  up() {
    if (!this.held) return;
    const { part, start } = this.held;
    this.held = null;
    if (!same(start, this.now[part])) this.changed(this.rounded());
  }

  cancel() {
    if (this.held) this.now[this.held.part] = this.held.start;
    this.held = null;
  }

  rounded() {
    const fine = (each) => ({
      dx: Math.round(each.dx * 10) / 10,
      dy: Math.round(each.dy * 10) / 10,
      scale: Math.round(each.scale * 1000) / 1000,
      turn: Math.round(each.turn * 10) / 10,
    });
    return Object.fromEntries(Object.entries(this.now).map(([part, each]) => [part, fine(each)]));
  }

  /** Set one number of a part, from a field. */
  set(part, name, value) {
    this.active = part;
    this.now[part] = { ...this.now[part], [name]: value };
    this.changed(this.rounded());
  }

  /** Arrow keys move what was last held; Page keys turn it, plus and minus change its size. */
  key(event) {
    const part = this.active ?? this.placed[0]?.part;
    if (!part) return;
    const far = event.shiftKey ? 10 : 2;
    const step = Math.max(1, this.stage.size.width / 400) * far;
    const by = {
      ArrowLeft: ["dx", -step], ArrowRight: ["dx", step], ArrowUp: ["dy", -step], ArrowDown: ["dy", step],
      PageUp: ["turn", -far], PageDown: ["turn", far], "+": ["scale", 0.02 * far], "-": ["scale", -0.02 * far],
    }[event.key];
    if (!by) return;
    event.preventDefault();
    this.set(part, by[0], this.now[part][by[0]] + by[1]);
  }

  draw(context, stage) {
    if (this.base) for (const part of ["coat", "hat"]) this.layer(context, stage, part);
    for (const { part } of this.placed) this.bar(context, stage, part);
  }

  layer(context, stage, part) {
    const [layer, was, now] = [this.layers[part], this.layersAt[part], this.place(part)];
    if (!layer || !was || !now) return;
    const { scale } = stage.view;
    const to = stage.toScreen(now);
    context.save();
    context.translate(to.x, to.y);
    context.rotate(((now.tilt - was.tilt) * Math.PI) / 180);
    context.scale((scale * now.half) / was.half, (scale * now.half) / was.half);
    context.drawImage(layer, -was.x, -was.y, stage.size.width, stage.size.height);
    context.restore();
  }

  bar(context, stage, part) {
    const ends = this.ends(this.place(part));
    const [left, middle, right] = ["left", "middle", "right"].map((name) => stage.toScreen(ends[name]));
    const on = part === (this.held?.part ?? this.active);
    for (const [colour, width] of [["rgba(0, 0, 0, .45)", 5], ["#fff", 2.5]]) {
      context.strokeStyle = colour;
      context.lineWidth = width * stage.ratio;
      context.beginPath();
      context.moveTo(left.x, left.y);
      context.lineTo(right.x, right.y);
      context.stroke();
    }
    for (const [at, size] of [[left, 8], [right, 8], [middle, 12]]) this.grip(context, at, size * stage.ratio, on);
    context.font = `600 ${12 * stage.ratio}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.lineWidth = 3 * stage.ratio;
    context.strokeStyle = "rgba(0, 0, 0, .7)";
    context.fillStyle = "#fff";
    context.strokeText(NAMES[part], middle.x, middle.y - 20 * stage.ratio);
    context.fillText(NAMES[part], middle.x, middle.y - 20 * stage.ratio);
  }

  grip(context, at, size, on) {
    context.beginPath();
    context.arc(at.x, at.y, size, 0, 2 * Math.PI);
    context.fillStyle = on ? "#2f6b57" : "#fff";
    context.strokeStyle = on ? "#fff" : "rgba(0, 0, 0, .55)";
    context.lineWidth = 2 * this.stage.ratio;
    context.fill();
    context.stroke();
  }
}
