// The API under /v1, as a browser uses it. Every failure becomes a `Problem` with words for people.

import { bytes } from "./dom.js";
import { forPage } from "./words.js";

const DOWN = "The server does not answer. It may have been stopped: start it with “stillyou app”, then try again.";
const ENDED = ["done", "failed", "cancelled"];
const PAUSE = 500;

export class Problem extends Error {
  constructor(words, { status = 0, field = null } = {}) {
    super(words);
    Object.assign(this, { status, field });
  }
}

/** Fetch from this server; raises Problem. A server that wants a token is asked at its own /login. */
export async function call(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(DOWN);
  }
  if (answer.ok) return answer;
  if (answer.status === 401) location.assign("/login");
  throw await problem(answer);
}

async function problem(answer) {
  let told = {};
  try {
    told = await answer.json();
  } catch {
    // no problem document: a proxy's page, or a cut connection
  }
  const words = told.detail || `The server answered with ${answer.status}. Try again in a while.`;
  const plain = forPage(words);
  return new Problem(plain.charAt(0).toUpperCase() + plain.slice(1), { status: answer.status, field: told.field ?? null });
}

/** Read an answer as `json` or `blob`; a connection that is cut meanwhile is a Problem too. */
async function read(answer, kind) {
  try {
    return await answer[kind]();
  } catch (error) {
    throw error.name === "AbortError" ? error : new Problem(DOWN);
  }
}

export const json = async (path, options) => read(await call(path, options), "json");
export const blob = async (path, options) => read(await call(path, options), "blob");

/** What the server offers: [{id, title, group, designs: [{name, words, colours}]}]. */
export const effects = () => json("/v1/effects");

/** Refuse a file that the server would: browsers do not hear an answer before they have sent all of it. */
function checkSize(file) {
  const most = Number(document.body.dataset.uploadBytes);
  if (file.size > most) throw new Problem(`The file has ${bytes(file.size)}; at most ${bytes(most)} are taken. Scale the picture down first.`, { status: 413, field: "picture" });
}

/** Send a picture that is to be edited again and again; returns {id, width, height, bytes, kept_seconds}. */
export async function keep(picture) {
  checkSize(picture);
  const form = new FormData();
  form.append("picture", picture, "picture");
  return json("/v1/pictures", { method: "POST", body: form });
}

/** Have the server remove a picture that is no longer needed. */
export const forget = (id) => call(`/v1/pictures/${id}`, { method: "DELETE", keepalive: true }).catch(() => {});

/** Ask for an edit: `fields` by the API's names, files among them; returns the edit as it is at first. */
export async function submit(fields, signal) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof Blob) {
      checkSize(value);
      form.append(name, value, name);
    } else form.append(name, String(value));
  }
  return json("/v1/edits", { method: "POST", body: form, headers: { Prefer: "respond-async" }, signal });
}

/** Follow an edit until it ended; `told` is called with every change. Aborting the signal cancels the edit. */
export async function follow(edit, told, signal) {
  const path = `/v1/edits/${edit.id}`;
  const cancel = () => call(path, { method: "DELETE", keepalive: true }).catch(() => {});
  if (signal?.aborted) cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    while (!ENDED.includes(edit.state)) {
      for await (const view of listened(path, signal)) {
        if (!view.state) break; // gone
        edit = view;
        told(view);
        if (ENDED.includes(view.state)) break;
      }
      if (ENDED.includes(edit.state)) break;
      edit = await json(path, { signal }); // the stream was cut: what the server knows, and again
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
  if (edit.state === "failed") throw await problem(Response.json(edit.error ?? {}, { status: edit.error?.status ?? 500 }));
  if (edit.state !== "done") throw new Problem("The edit was given up by the server. Try again.");
  return edit;
}

/** An edit from first to last: {edit, blob}. */
export async function edited(fields, told, signal) {
  const edit = await follow(await submit(fields, signal), told, signal);
  return { edit, blob: await blob(`/v1/edits/${edit.id}/picture`, { signal }) };
}

/** An edit's events, until they end or the connection is cut. */
async function* listened(path, signal) {
  try {
    yield* events(`${path}/events`, signal);
  } catch (error) {
    if (error.name === "AbortError" || error.status) throw error;
  }
}

/** Server-sent events of one address, each one's data as JSON. */
async function* events(path, signal) {
  const answer = await call(path, { headers: { Accept: "text/event-stream" }, signal });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const messages = (waiting + value.replaceAll("\r\n", "\n")).split("\n\n");
      waiting = messages.pop();
      for (const message of messages) {
        const data = message.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trim());
        if (data.length) yield JSON.parse(data.join("\n"));
      }
    }
  } finally {
    reader.cancel().catch(() => {}); // whoever heard enough gives the connection back
  }
}
