// The composer: its counter, its two voices (reply and note), and why it cannot send just now.
import { counted, sayNow, word } from "./words.js";
import { mendable, odd, plain, size } from "./segments.js";
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
  if (!tick || !button || button.hasAttribute("formaction") || !reply.elements.text.value.trim()) return false;
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
    const send = then ?? writing.querySelector(writing.id === "reply" ? "[data-send]" : "button:not([type=button], [name])");
    if (send && send.getAttribute("aria-disabled") !== "true") writing.requestSubmit(send);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-fix]")) { event.preventDefault(); mend(); return; }
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
  text.setSelectionRange(text.value.length, text.value.length); // after the sentence a new holder begins with
  text.scrollIntoView({ block: "nearest" });
  return true;
}

const MOST_ODD = 4; // so many signs are named; more of them are a script of its own

/** How much is written, with the line it ends with: characters, parts, price, and what makes the parts short. */
function measure() {
  const text = document.getElementById("text");
  const counter = document.querySelector("#meters [data-counter]");
  if (!text || !counter) return;
  const typed = text.value.trim();
  const whole = typed && typed + (document.getElementById("ends")?.dataset.ending ?? "");
  const n = [...whole].length;
  const most = Number(text.dataset.most || 0);
  const mostParts = Number(counter.parentElement.dataset.mostParts || 0);
  const now = mostParts && n ? size(whole) : null;
  const signs = now?.alphabet === "wide" ? oddity(typed, whole) : oddity();
  const told = n ? [counted("characters", n)] : []; // an empty sheet has nothing to count
  if (most && n > most) told.push(word("tooLong", { n: n - most }));
  if (now) told.push(counted("parts", now.parts, { most: mostParts }), alphabet(now, signs));
  counter.textContent = told.filter(Boolean).join(" · ");
  counter.classList.toggle("late", Boolean((most && n > most) || (now && now.parts > mostParts)));
  price(now?.parts ?? (n ? 1 : 0));
}

function alphabet(now, signs) {
  if (now.alphabet === "plain") return word("plain");
  return signs ? "" : word("wide");
}

/** Say which signs make the parts short, and offer plain ones where those would do; what is said. */
function oddity(typed = "", whole = "") {
  const line = document.getElementById("odd");
  const found = odd(whole);
  const mends = Boolean(typed) && mendable(typed, whole.slice(typed.length));
  const signs = found.slice(0, MOST_ODD).join(" ");
  const said = typed && mends ? word("oddMend", { signs }) : found.length && found.length <= MOST_ODD ? word("oddStays", { signs }) : "";
  if (!line) return said;
  line.hidden = !said;
  const place = line.querySelector("[data-odd]");
  if (place.textContent !== said) place.textContent = said;
  line.querySelector("[data-fix]").hidden = !mends;
  return said;
}

/** Plain quotes, dashes and spaces in place of the typographic ones; the browser's own undo takes it back. */
function mend() {
  const text = document.getElementById("text");
  const mended = plain(text.value);
  text.focus();
  text.select();
  if (!document.execCommand("insertText", false, mended)) text.value = mended;
  text.dispatchEvent(new Event("input", { bubbles: true }));
}

function price(parts) {
  const place = document.querySelector("#meters [data-cost]");
  if (!place) return;
  const costs = place.parentElement.dataset.costs.split("|");
  place.textContent = parts ? word("cost", { cost: costs[Math.min(parts, costs.length) - 1] }) : "";
}

/** Offline nothing is sent, and nothing is sent by itself afterwards: a reason stands where the button stood. */
function pause() {
  const why = document.getElementById("send-paused");
  if (!why) return;
  const paused = document.body.dataset.link === "offline" || document.body.dataset.link === "out";
  why.hidden = !paused;
  why.textContent = paused ? word("offlineSend") : "";
  for (const button of form().querySelectorAll("[data-send], [name=then]")) {
    if (paused && button === document.activeElement) document.getElementById("text").focus();
    button.hidden = paused;
    button.ariaDisabled = paused ? "true" : null;
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
