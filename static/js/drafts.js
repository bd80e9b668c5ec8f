// What is typed is never lost: to the desk three seconds after a change and on leaving the field,
// with a copy on this computer until the desk has said it has it.
import { keep } from "./ask.js";
import { word } from "./words.js";
import { minutes } from "./times.js";

const PAUSE = 3000;
let timer = 0;
let dirty = null; // the form whose text the desk does not have yet
let saving = Promise.resolve();

const place = (form) => `triage.draft.${form.dataset.keyId}`;
const field = (form) => form.querySelector("textarea");

/** Watch the composer's reply; put back what only this computer has. */
export function watch(form) {
  if (!form) return;
  const text = field(form);
  const local = get(place(form));
  if (local && local !== text.value && !text.value.includes(local)) {
    text.value = text.value ? `${text.value}\n\n${local}` : local;
    tell(word("restored"));
    later(form);
  }
  text.addEventListener("input", () => later(form));
  text.addEventListener("blur", () => { if (dirty) flush(); });
}

function later(form) {
  dirty = form;
  set(place(form), field(form).value);
  clearTimeout(timer);
  timer = setTimeout(flush, PAUSE);
}

/** Save now what is not saved yet; waits for a saving under way. */
export function flush() {
  clearTimeout(timer);
  const form = dirty;
  if (!form) return saving;
  dirty = null;
  const text = field(form).value;
  saving = saving.then(() => put(form, text));
  return saving;
}

async function put(form, text) {
  try {
    const csrf = form.elements.csrf_token?.value ?? "";
    const { saved_at } = await keep(form.dataset.draft, { text, csrf_token: csrf });
    if (get(place(form)) === text) drop(place(form));
    tell(word("saved", { time: minutes(new Date(saved_at)) }));
  } catch {
    if (!dirty) dirty = form;
    clearTimeout(timer);
    timer = setTimeout(flush, PAUSE * 3);
    tell(word("keptHere"));
  }
}

/** It is being sent: no saving may overtake it. This computer's copy stays until the desk has said yes. */
export function hold() {
  clearTimeout(timer);
  dirty = null;
  return saving;
}

/** It was not sent: save it as the draft it is. */
export function again(form) { if (form.isConnected) later(form); }

/** The text was sent. */
export function forget(form) { drop(place(form)); }

addEventListener("pagehide", () => { if (dirty) flush(); });

function tell(text) {
  const saved = document.getElementById("saved");
  if (saved) saved.textContent = text;
}

function get(key) { try { return sessionStorage.getItem(key); } catch { return null; } }
function set(key, value) { try { sessionStorage.setItem(key, value); } catch { /* full or forbidden: the desk still has it */ } }
function drop(key) { try { sessionStorage.removeItem(key); } catch { /* as above */ } }
