// The composer: its counter, its two voices (reply and note), and why it cannot send just now.
import { counted, sayNow, word } from "./words.js";
import * as drafts from "./drafts.js";

const form = () => document.getElementById("reply");

/** A composer came onto the page. */
export function arrive() {
  drafts.watch(form());
  measure();
  pause();
  calm();
}

/** With script a public answer needs a second press on the same button; without, a tick. */
function calm() {
  const tick = form()?.elements.confirm;
  if (!tick) return;
  tick.required = tick.checked = false;
  tick.closest("label").hidden = true;
  pressed?.button.replaceChildren(...pressed.words);
  pressed = null;
}

let pressed = null; // the button of a public answer that was pressed once, and its own words

/** True on the first press of a public answer: the button then says what the second one does. */
export function mustPressAgain(reply, button) {
  const tick = reply.elements.confirm;
  if (!tick || !button || !reply.elements.text.value.trim()) return false;
  tick.checked = pressed?.button === button;
  if (tick.checked) return false;
  calm();
  pressed = { button, words: [...button.childNodes] };
  button.replaceChildren(word("pressAgain"));
  sayNow(word("pressAgain"));
  return true;
}

export function start() {
  document.addEventListener("input", (event) => { if (event.target.id === "text") { measure(); calm(); } });
  document.addEventListener("change", (event) => {
    if (event.target.name === "mode") document.getElementById(event.target.value === "note" ? "note-text" : "text")?.focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.target.tagName !== "TEXTAREA") return;
    const writing = event.target.closest(".writing");
    if (!writing) return;
    event.preventDefault();
    const then = event.shiftKey ? writing.querySelector("[name=then]") : null;
    const send = then ?? writing.querySelector("[data-send], button:not([type=button], [name])");
    if (send && send.getAttribute("aria-disabled") !== "true") writing.requestSubmit(send);
  });
  document.addEventListener("click", (event) => {
    const source = document.getElementById(event.target.closest("[data-copy]")?.dataset.copy);
    if (!source) return;
    source.select();
    navigator.clipboard?.writeText(source.value);
  });
  document.addEventListener("triage:link", pause);
}

/** Show the reply or the note and put the cursor there; false where that voice is not offered. */
export function open(voice) {
  const choice = document.getElementById(`mode-${voice}`);
  if (!choice) return false;
  choice.checked = true;
  const text = document.getElementById(voice === "note" ? "note-text" : "text");
  text.focus();
  text.scrollIntoView({ block: "nearest" });
  return true;
}

function measure() {
  const text = document.getElementById("text");
  const counter = document.querySelector("[data-counter]");
  if (!text || !counter) return;
  const n = [...text.value].length;
  const most = Number(text.dataset.most || 0);
  const over = most && n > most;
  counter.textContent = over ? `${counted("characters", n)} · ${word("tooLong", { n: n - most })}` : counted("characters", n);
  counter.classList.toggle("late", Boolean(over));
}

/** Offline nothing is sent, and nothing is sent by itself afterwards. */
function pause() {
  const why = document.getElementById("send-paused");
  if (!why) return;
  const paused = document.body.dataset.link === "offline" || document.body.dataset.link === "out";
  why.hidden = !paused;
  why.textContent = paused ? word("offlineSend") : "";
  for (const button of form().querySelectorAll("[data-send], [name=then]")) {
    if (paused) button.setAttribute("aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
  }
}

/** New items were shown while something is typed: say so before the send button counts them as seen. */
export function since(count, seq) {
  const reply = form();
  const line = document.getElementById("since");
  if (!reply || !line) return;
  if (count && reply.querySelector("textarea").value.trim()) {
    line.textContent = counted("since", count);
    line.hidden = false;
    seen(reply, seq, 2500);
  } else {
    seen(reply, seq, 0);
  }
}

function seen(reply, seq, wait) {
  const field = reply.elements.seen_seq;
  const mark = () => { if (!document.hidden) field.value = Math.max(Number(field.value), seq); };
  if (wait) setTimeout(mark, wait);
  else mark();
}
