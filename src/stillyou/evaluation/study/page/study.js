"use strict";
/* One sheet at a time: two questions, left or right. An answer is kept here until the server says that it has it. */

const at = (id) => document.getElementById(id);
const QUESTIONS = ["done", "keeps"];
const KEY = "stillyou-study-code", PENDING = "stillyou-study-pending";
const state = { about: null, code: null, sheet: null, given: {}, busy: false };
const kept = {
  get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
  set: (key, value) => { try { value === null ? localStorage.removeItem(key) : localStorage.setItem(key, value); } catch { /* private windows */ } },
};

const show = (id) => { for (const each of ["consent", "sheet", "finished"]) at(each).hidden = each !== id; };
const say = (text) => { at("trouble").textContent = text; at("trouble").hidden = !text; };
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

async function call(path, body) {
  for (let again = 0; ; again++) {
    try {
      const options = body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
      const answer = await fetch(path, options);
      const said = await answer.json();
      if (answer.ok) { say(""); return said; }
      if (answer.status < 500) throw Object.assign(new Error(said.error), { refused: answer.status });
      say(said.error || "The server has trouble.");
    } catch (error) {
      if (error.refused) throw error;
      say("No connection. Your answer is kept here, and is sent as soon as there is one.");
    }
    await wait(Math.min(15000, 1000 * 2 ** again));
  }
}

async function begin() {
  const { code } = await call("join", { agreed: true });
  take(code);
  await next();
}

function take(code) {
  state.code = code;
  kept.set(KEY, code);
  at("code").textContent = code;
  at("own").hidden = false;
}

async function next() {
  const pending = unsent();
  if (pending && pending.code === state.code) await send(pending);
  else paint(await call("trial", { code: state.code }));
}

function unsent() {
  try { return JSON.parse(kept.get(PENDING) || "null"); } catch { return null; }
}

async function send(answer) {
  kept.set(PENDING, JSON.stringify(answer));
  try {
    const sheet = await call("answer", answer);
    kept.set(PENDING, null);
    paint(sheet);
  } catch (error) {
    kept.set(PENDING, null); // refused: sent again it would be refused again, and hold everything up
    if (error.refused === 404) throw error;
    paint(await call("trial", { code: state.code }));
    say(error.message);
  }
}

function paint(sheet) {
  state.sheet = sheet;
  state.given = {};
  at("progress").hidden = false;
  at("progress").max = sheet.total;
  at("progress").value = sheet.answered;
  if (sheet.finished) { show("finished"); return; }
  at("words").textContent = sheet.words;
  at("source").src = sheet.source;
  at("left-img").src = sheet.left;
  at("right-img").src = sheet.right;
  show("sheet");
  ask();
  load(sheet);
}

/* Nobody chooses between pictures that are not there yet. */
async function load(sheet) {
  const images = ["source", "left-img", "right-img"].map(at);
  for (const side of ["left", "right"]) at(side).disabled = true;
  for (let again = 0; state.sheet === sheet; again++) {
    try {
      await Promise.all(images.map((image) => image.decode()));
      if (state.sheet !== sheet) return;
      for (const side of ["left", "right"]) at(side).disabled = false;
      if (again) say("");
      return;
    } catch {
      if (state.sheet !== sheet) return;
      if (again) say("A picture has not come yet. Waiting for a connection.");
      await wait(Math.min(15000, 1000 * 2 ** again));
      for (const image of images) if (!image.naturalWidth) image.src = image.src; // asks again
    }
  }
}

function ask() {
  const question = QUESTIONS.find((name) => !(name in state.given));
  at("question").textContent = question ? `${QUESTIONS.indexOf(question) + 1}/2  ${state.about.questions[question]}` : "";
  at("back").hidden = !("done" in state.given);
  for (const side of ["left", "right"]) at(side).classList.toggle("chosen", state.given.done === side);
  return question;
}

async function choose(side) {
  if (state.busy || !state.sheet || state.sheet.finished || at("sheet").hidden || at(side).disabled) return;
  state.given[QUESTIONS.find((name) => !(name in state.given))] = side;
  if (ask()) return;
  await guarded(() => send({ code: state.code, trial: state.sheet.trial, ...state.given }));
}

async function guarded(work) {
  if (state.busy) return;
  state.busy = true;
  try { await work(); } catch (error) {
    say(error.message);
    if (error.refused === 404) { kept.set(KEY, null); kept.set(PENDING, null); at("own").hidden = true; show("consent"); }
  } finally { state.busy = false; }
}

function back() {
  if (state.busy) return;
  state.given = {};
  ask();
}

function keys(event) {
  if (at("sheet").hidden || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const sides = { ArrowLeft: "left", 1: "left", ArrowRight: "right", 2: "right" };
  if (event.key in sides) { event.preventDefault(); choose(sides[event.key]); }
  if (event.key === "Backspace") { event.preventDefault(); back(); }
}

async function start() {
  state.about = await call("about");
  document.title = at("title").textContent = state.about.title;
  at("total").textContent = state.about.total;
  const minutes = Math.max(1, Math.round(state.about.total * 10 / 60));
  at("minutes").textContent = minutes === 1 ? "a minute" : `${minutes} minutes`;
  if (state.about.contact) { at("contact").textContent = `Questions: ${state.about.contact}`; at("contact").hidden = false; }
  at("agree").addEventListener("change", () => { at("begin").disabled = !at("agree").checked; });
  at("begin").addEventListener("click", () => guarded(begin));
  at("resume").addEventListener("click", () => guarded(() => { take(at("code-in").value.trim()); return next(); }));
  for (const side of ["left", "right"]) at(side).addEventListener("click", () => choose(side));
  at("back").addEventListener("click", back);
  at("withdraw").addEventListener("click", () => {
    if (confirm("Delete all your answers?")) guarded(async () => {
      await call("withdraw", { code: state.code });
      kept.set(KEY, null); kept.set(PENDING, null);
      location.reload();
    });
  });
  document.addEventListener("keydown", keys);
  const code = kept.get(KEY);
  show("consent");
  if (code) { take(code); await next(); }
}

guarded(start);
