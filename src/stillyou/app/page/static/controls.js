// What can be set beside effect and design: sliders, dials with a line each on what they do, faces, the kind of picture.

import { chips, h } from "./dom.js";

let count = 0;
/** A name that no other element has: radio buttons of one name are one group. */
const name = (stem) => `${stem}-${++count}`;

/** A slider with its value in words; `changed(value)` while it moves. */
export function slider(label, { min = 0, max = 1, step = 0.05, value, line, words }, changed) {
  const id = name("slider");
  const output = h("output", { htmlFor: id }, words(value));
  const input = h("input", { id, name: label, type: "range", min, max, step, value, "aria-valuetext": words(value) });
  const about = line ? h("p", { id: `${id}-line` }, line) : null;
  if (about) input.setAttribute("aria-describedby", about.id);
  input.addEventListener("input", () => {
    const now = Number(input.value);
    output.textContent = words(now);
    input.setAttribute("aria-valuetext", words(now));
    changed(now);
  });
  return h("div", { class: "slider" }, h("div", { class: "head" }, h("label", { htmlFor: id }, label), output), input, about);
}

/** A number field that may be empty, which means the effect's own value. */
export function number(label, { min, max, step = 1, value, line, placeholder = "" }, changed) {
  const id = name("number");
  const input = h("input", { id, name: label, type: "number", min, max, step, value: value ?? "", placeholder });
  const wrong = h("p", { role: "alert", class: "bad", hidden: true });
  const about = h("p", { id: `${id}-line` }, line);
  input.setAttribute("aria-describedby", about.id);
  input.addEventListener("change", () => {
    const bad = !input.checkValidity();
    wrong.hidden = !bad;
    wrong.textContent = bad ? `From ${min} to ${max}${step === 1 ? ", a whole number" : ""}.` : "";
    input.setAttribute("aria-invalid", String(bad));
    if (!bad) changed(input.value === "" ? null : Number(input.value));
  });
  return h("div", { class: "dial" }, h("label", { htmlFor: id }, label), input, about, wrong);
}

export function choice(label, options, value, line, changed) {
  const id = name("choice");
  const select = h("select", { id, name: label, "aria-describedby": `${id}-line` });
  for (const [each, words] of options) select.append(h("option", { value: each, selected: each === value }, words));
  select.addEventListener("change", () => changed(select.value));
  return h("div", { class: "dial" }, h("label", { htmlFor: id }, label), select, h("p", { id: `${id}-line` }, line));
}

export function check(label, value, line, changed) {
  const id = name("check");
  const input = h("input", { id, type: "checkbox", checked: value, "aria-describedby": `${id}-line` });
  input.addEventListener("change", () => changed(input.checked));
  return h("div", { class: "dial" }, h("div", { class: "line head" }, input, h("label", { htmlFor: id }, label)), h("p", { id: `${id}-line` }, line));
}

/** Which kind of picture it is: as it was recognised, or what the user says. */
export function domainChoice(value, report, changed) {
  const kinds = { cartoon: "a drawing", people: "a photograph" };
  const seen = report ? `Taken for ${kinds[report.domain]}: ${report.domain_reason}.` : "Told from the picture itself.";
  const group = chips("This picture is", "domain", [["auto", "Recognised"], ["cartoon", "A drawing"], ["people", "A photograph"]], value, changed);
  group.append(h("p", { class: "small after" }, seen));
  return group;
}

/** Which face: pictures of them from left to right, or all; nothing where there are not several. */
export function faceChoice(value, faces, picture, changed) {
  if (!faces || faces.length < 2) return null;
  const group = chips("Whose face", "face", [["largest", "Largest"], ...faces.map((each) => [String(each.number), String(each.number)]), ["all", "All"]], value, changed);
  group.classList.add("faces");
  for (const face of faces) {
    const span = group.querySelector(`input[value="${face.number}"] + span`);
    const canvas = h("canvas", { width: 80, height: 80, "aria-hidden": "true" });
    const wide = face.size * 1.3;
    canvas.getContext("2d").drawImage(picture.full, face.left - face.size * 0.15, face.top - face.size * 0.15, wide, wide, 0, 0, 80, 80);
    span.replaceChildren(canvas, h("span", {}, `Face ${face.number}`));
  }
  return group;
}

/** A text field that is empty or fits a form; `read` returns its value, or undefined for what does not fit. */
function text(label, { value, line, placeholder, wrong }, read, changed) {
  const id = name("text");
  const input = h("input", { id, name: label, type: "text", value, placeholder, "aria-describedby": `${id}-line` });
  const about = h("p", { id: `${id}-line` }, line);
  input.addEventListener("change", () => {
    const found = input.value.trim() === "" ? null : read(input.value.trim());
    input.setAttribute("aria-invalid", String(found === undefined));
    about.textContent = found === undefined ? wrong : line;
    if (found !== undefined) changed(found);
  });
  return h("div", { class: "dial" }, h("label", { htmlFor: id }, label), input, about);
}

function three(words, most) {
  const numbers = words.split(/[ ,;]+/).filter(Boolean).map(Number);
  return numbers.length === 3 && numbers.every((each) => each >= 0 && each <= most) ? numbers : undefined;
}

/** The dials: what a model is run with. */
export function dials(settings, set) {
  const guidance = text("Guidance", { value: settings.guidance?.join(", ") ?? "", placeholder: "the effect's own", wrong: "Three numbers from 0 to 30, such as 3, 2, 4; or nothing.", line: "How much the picture, its layout and the effect's words count, as three numbers such as 3, 2, 4." }, (words) => three(words, 30), (scales) => set({ guidance: scales }));
  const square = text("Square", { value: settings.crop ?? "", placeholder: "found by itself", wrong: "Three whole numbers: left, top and side, such as 120, 40, 600; or nothing.", line: "Left, top and side of the square around head and shoulders, in pixels, where it is not found." }, (words) => (/^-?\d+[ ,;]+-?\d+[ ,;]+[1-9]\d*$/.test(words) ? words.split(/[ ,;]+/).join(",") : undefined), (crop) => set({ crop }));
  return h("details", { class: "card" }, h("summary", {}, "Dials"),
    number("Seed", { min: 0, max: 2 ** 31, value: settings.seed, line: "Where chance begins. The same seed gives the same edit." }, (seed) => set({ seed: seed ?? 0 })),
    choice("Start from", [["auto", "The effect's own art"], ["none", "Noise"]], settings.draft, "Costumes are laid on as drawn art. From noise the model invents everything: slower, freer, the paper's way.", (draft) => set({ draft, refine: null })),
    number("Steps", { min: 1, max: 100, value: settings.steps, placeholder: "8 or 20", line: "Steps of the sampler. More are slower and a little finer." }, (steps) => set({ steps })),
    guidance,
    square,
    choice("Mask guides", [["", "As the effect wants it"], ["noise", "Every prediction"], ["latent", "Every step"], ["none", "Only the result"]], settings.mask_strategy ?? "", "How the mask holds the rest of the picture still while the model draws.", (way) => set({ mask_strategy: way || null })),
    choice("Close-up", [["", "As the effect wants it"], ["true", "Yes"], ["false", "No"]], settings.close_up === null ? "" : String(settings.close_up), "Draw small changes, such as a mouth, in a square of their own, with more detail.", (way) => set({ close_up: way === "" ? null : way === "true" })),
    choice("Model's square", [["", "The model's own"], ...[256, 320, 384, 512, 640, 768].map((side) => [String(side), `${side} pixels`])], String(settings.resolution ?? ""), "Side of the square that the model works on. Other sides than its own are slower and may look worse.", (side) => set({ resolution: side ? Number(side) : null })),
    check("Keep the place in the metadata", settings.keep_location, "Photographs may tell where they were taken. The result does not, unless you want it to.", (keep_location) => set({ keep_location })),
  );
}
