// The page: its three parts, light and dark, and what comes in by dropping and pasting.

import * as api from "./api.js";
import { Batch } from "./batch.js";
import { byId } from "./dom.js";
import { Editor } from "./editor.js";
import { watchThumbnails } from "./gallery.js";
import { incoming } from "./incoming.js";
import { Own } from "./own.js";

const PAGES = ["edit", "batch", "own"];
const THEME = "stillyou-theme";

function here() {
  const name = location.hash.slice(1);
  return PAGES.includes(name) ? name : "edit";
}

function turn() {
  for (const name of PAGES) byId(`page-${name}`).hidden = name !== here();
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.page === here()) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function theme(next = null) {
  const names = ["system", "light", "dark"];
  let now = localStorage.getItem(THEME) ?? "system";
  if (next) localStorage.setItem(THEME, (now = names[(names.indexOf(now) + 1) % names.length]));
  document.documentElement.dataset.theme = now;
  byId("theme").textContent = `Colours: ${now}`;
}

async function begin() {
  theme();
  byId("theme").addEventListener("click", () => theme("next"));
  window.addEventListener("hashchange", () => {
    turn();
    byId("main").focus({ preventScroll: true });
    scrollTo(0, 0);
  });
  turn();
  try {
    const [effects, samples] = await Promise.all([api.effects(), api.json("/page/samples.json")]);
    const editor = new Editor(effects, samples);
    const batch = new Batch(effects);
    const own = new Own(samples);
    const pages = { edit: editor, batch, own };
    incoming(() => !document.querySelector("dialog[open]"), (files) => {
      if (!files.length) return pages[here()].fail(new Error("Only files can be dropped here, no folders or links."));
      if (here() === "edit" && files.length === 1) return editor.open(files[0]);
      if (here() === "edit") location.hash = "batch";
      return pages[here()].add(files);
    });
    watchThumbnails(effects);
    document.documentElement.dataset.ready = "true";
  } catch (error) {
    byId("failed").hidden = false;
    byId("failed").querySelector("p").textContent = error.message;
    byId("failed").querySelector("button").onclick = () => location.reload();
  }
}

begin();
