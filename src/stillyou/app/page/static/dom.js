// Small helpers over the document. Text is set as text, never parsed as HTML.

/** Build an element: h("p", {class: "note"}, "words", child). Functions are listeners, other values are properties. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name in element && !name.startsWith("aria")) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Replace an element's content; the focus stays on the field of the same name, and the same value for radio buttons. */
export function redraw(element, ...children) {
  const focus = element.contains(document.activeElement) ? document.activeElement : null;
  const value = focus?.type === "radio" ? `[value="${CSS.escape(focus.value)}"]` : "";
  element.replaceChildren(...children);
  if (focus?.name) element.querySelector(`[name="${CSS.escape(focus.name)}"]${value}`)?.focus();
}

/** Wait until nothing has called for so many milliseconds, then run once with the last arguments. */
export function settled(milliseconds, run) {
  let timer = 0;
  return (...last) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...last), milliseconds);
  };
}

/** Save a blob or an address under a file name. */
export function save(from, name) {
  const address = from instanceof Blob ? URL.createObjectURL(from) : from;
  const link = h("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  if (from instanceof Blob) setTimeout(() => URL.revokeObjectURL(address), 30000);
}

/** A group of radio buttons that look like chips; returns {element, value}. */
export function chips(label, name, options, chosen, changed) {
  const inputs = options.map(([value, words, more]) => {
    const input = h("input", { type: "radio", name, value, checked: value === chosen, class: "unseen" });
    input.addEventListener("change", () => changed(value));
    return h("label", { class: "chip", title: more }, input, h("span", {}, words));
  });
  return h("fieldset", { class: "chips" }, h("legend", {}, label), h("div", { class: "row" }, ...inputs));
}

/** Bytes in words. */
export function bytes(count) {
  return count < 1e6 ? `${Math.max(1, Math.round(count / 1e3))} kB` : `${(count / 1e6).toFixed(1)} MB`;
}
