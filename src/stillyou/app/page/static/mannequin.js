// A mannequin to place art on: a plain head and shoulders whose fit is known, in shares of a square.

export const FRAMES = {
  head: { x: 0.5, y: 0.31, unit: 0.165, words: "Head: turns with it, one unit is half a hat's brim" },
  face: { x: 0.5, y: 0.42, unit: 0.135, words: "Face: one unit is half its width" },
  neck: { x: 0.5, y: 0.715, unit: 0.1, words: "Neck: one unit is half the neckline" },
  shoulders: { x: 0.5, y: 0.68, unit: 0.335, words: "Shoulders: one unit is half of them" },
};
const WIDTHS = { head: 2.5, face: 2.0, neck: 2.4, shoulders: 2.4 };

/** A part as it is placed unless somebody says otherwise; `ratio` is the file's height by its width. */
export function usual(anchor, ratio) {
  const width = WIDTHS[anchor];
  const tall = width * ratio;
  const down = { head: 0.2 - tall / 2, shoulders: tall / 2 - 0.15 }[anchor] ?? 0;
  return { anchor, width, at: [0, Math.round(down * 100) / 100] };
}

/** Where a part lies on a square of a side: {left, top, width, height}. */
export function box(part, ratio, side) {
  const frame = FRAMES[part.anchor];
  const unit = frame.unit * side;
  const [width, height] = [part.width * unit, part.width * ratio * unit];
  return { left: frame.x * side + part.at[0] * unit - width / 2, top: frame.y * side + part.at[1] * unit - height / 2, width, height };
}

/** Draw the mannequin on a canvas of a side. */
export function drawMannequin(context, side) {
  const at = (share) => share * side;
  const ellipse = (x, y, rx, ry) => {
    context.beginPath();
    context.ellipse(at(x), at(y), at(rx), at(ry), 0, 0, 2 * Math.PI);
    context.fill();
  };
  context.fillStyle = "#d9dcd6";
  context.fillRect(0, 0, side, side);
  context.fillStyle = "#8f9b95";
  context.beginPath();
  context.moveTo(at(0.08), side);
  context.bezierCurveTo(at(0.1), at(0.8), at(0.2), at(0.72), at(0.4), at(0.69));
  context.lineTo(at(0.6), at(0.69));
  context.bezierCurveTo(at(0.8), at(0.72), at(0.9), at(0.8), at(0.92), side);
  context.fill();
  context.fillStyle = "#c3a78f";
  context.beginPath();
  context.roundRect(at(0.42), at(0.52), at(0.16), at(0.23), at(0.06));
  context.fill();
  context.fillStyle = "#d3b79f";
  ellipse(0.5, 0.37, 0.165, 0.225);
  context.fillStyle = "#5b4a3f";
  for (const x of [0.44, 0.56]) ellipse(x, 0.385, 0.016, 0.012);
  context.strokeStyle = "#8a6a58";
  context.lineWidth = at(0.008);
  context.lineCap = "round";
  context.beginPath();
  context.moveTo(at(0.5), at(0.4));
  context.quadraticCurveTo(at(0.485), at(0.45), at(0.505), at(0.455));
  context.moveTo(at(0.45), at(0.505));
  context.quadraticCurveTo(at(0.5), at(0.53), at(0.55), at(0.505));
  context.stroke();
}
