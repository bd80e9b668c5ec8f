// Patching what is on the screen: rows stay where they are, new ones wait, the open report is kept current.
import * as ask from "./ask.js";
import * as composer from "./composer.js";
import * as drafts from "./drafts.js";
import * as focus from "./focus.js";
import * as media from "./media.js";
import { tell } from "./times.js";
import { counted, say, sayNow, word } from "./words.js";

const MOST_IDS = 200;
const MOST_ROWS = 200;
const body = document.body;
const fresh = new Set(); // reports that wait behind "Show 4 new"
const byId = (id) => document.getElementById(id);
export const openId = () => Number(byId("report")?.dataset.id || 0);

/** What happened since: `items` are events. */
export async function changes(items, { missed }) {
  const about = items.flatMap((item) => [item.report, item.data?.primary, item.data?.other]); // a copy's primary too
  const ids = [...new Set(about.filter(Boolean))];
  if (missed && ids.length) gap(items.length);
  await rows(ids);
  if (ids.includes(openId())) await hinted();
}

function gap(count) {
  const line = byId("missed");
  line.querySelector("[data-said]").textContent = counted("missed", count);
  line.hidden = false;
  say(counted("missed", count));
}

// ---------------------------------------------------------------- rows

export async function rows(ids) {
  const shown = ids.filter((id) => byId(`r${id}`));
  const wanted = [...shown, ...ids.filter((id) => !shown.includes(id))].slice(0, MOST_IDS);
  const asked = new URLSearchParams({ view: body.dataset.queue, ids: wanted.join() });
  if (body.dataset.place) asked.set("place", body.dataset.place); // what is elsewhere is not in this list
  const doc = await ask.page(`${body.dataset.desk}/rows?${asked}`, { alone: true });
  const box = doc.getElementById("items");
  if (!box) return;
  counts(JSON.parse(box.dataset.counts));
  shift(box.dataset.shift);
  const got = new Set();
  for (const row of [...box.children]) {
    got.add(Number(row.dataset.id));
    place(row);
  }
  for (const id of shown) if (!got.has(id)) byId(`r${id}`).classList.add("gone");
  show();
}

function place(row) {
  const old = byId(row.id);
  const id = Number(row.dataset.id);
  if (!old) {
    if (row.classList.contains("gone") || elsewhere(row)) fresh.delete(id);
    else fresh.add(id);
    return;
  }
  const held = old.contains(document.activeElement);
  if (old.ariaCurrent === "true") row.ariaCurrent = "true";
  tell(row); // before comparing: the old one's times are told already
  if (old.innerHTML !== row.innerHTML) row.classList.add("changed");
  old.replaceWith(row);
  if (held) row.querySelector("a").focus();
}

/** Not new: it stands below the rows shown, or this is a later page of the list. */
function elsewhere(row) {
  const upto = byId("items").dataset.upto;
  return Boolean(upto && row.dataset.order > upto) || new URLSearchParams(location.search).has("after");
}

function counts(found) {
  for (const place of document.querySelectorAll("[data-count]")) {
    const n = found[place.dataset.count];
    if (n !== undefined) place.textContent = n >= 1000 ? "999+" : String(n);
  }
  document.title = document.title.replace(/^(\(\d+\+?\) )?/, found.mine ? `(${found.mine}) ` : "");
}

/** Taking a report begins a shift: the switch must say so. */
function shift(now) {
  for (const button of document.querySelectorAll(".shift button[name=shift]")) {
    button.ariaPressed = String(button.value === now);
  }
}

let announced = 0;
function show() {
  const line = byId("fresh");
  line.hidden = fresh.size === 0;
  if (fresh.size) line.querySelector("a").textContent = counted("fresh", fresh.size);
  if (fresh.size > announced) say(counted("arrived", fresh.size));
  announced = fresh.size;
}

/** The list anew, by a press on "Show 4 new". */
export async function list(url, doc = null) {
  const box = byId("list");
  box.ariaBusy = "true";
  try {
    const found = (doc ?? await ask.page(url)).getElementById("list");
    box.replaceChildren(...found.childNodes);
    fresh.clear();
    announced = 0;
    current();
    tell(box);
  } finally {
    box.ariaBusy = "false";
  }
}

/** Fifty more rows below the ones that are there, up to two hundred; then the link leads on by itself. */
export async function more(link) {
  const doc = await ask.page(link.href);
  const known = new Set([...document.querySelectorAll("#items > .item")].map((row) => row.id));
  const added = [...doc.querySelectorAll("#items > .item")].filter((row) => !known.has(row.id));
  const items = byId("items");
  items.append(...added);
  tell(items);
  const next = doc.querySelector("[data-more]");
  items.dataset.upto = doc.getElementById("items").dataset.upto ?? "";
  if (!next) link.parentElement.remove();
  else link.href = next.href;
  if (items.children.length >= MOST_ROWS) link.removeAttribute("data-more"); // the rest is a page of its own
  added[0]?.querySelector("a").focus();
}

export function current() {
  for (const row of document.querySelectorAll("#items > .item")) {
    if (Number(row.dataset.id) === openId()) row.ariaCurrent = "true";
    else row.removeAttribute("aria-current");
  }
}

// ---------------------------------------------------------------- the open report

/** Whether something was pressed in the open report and is not answered yet: the answer shows what came of it. */
const acting = () => byId("report").querySelector("form[data-busy]") !== null;

/** What happened elsewhere shows in the open report; what one just does oneself is not told as somebody else's doing. */
export async function hinted() {
  if (!acting()) await report(acting);
}

/** Ask for the open report again and show what is new, without touching what is typed; not where it is `late` by then. */
export async function report(late = () => false) {
  const old = byId("report");
  const doc = await ask.page(old.dataset.pane, { alone: true });
  const found = doc.getElementById("report");
  if (late()) return;
  if (found?.dataset.id !== byId("report").dataset.id) return;
  if (old.dataset.assignment === found.dataset.assignment && old.dataset.mine === found.dataset.mine
    && byId("reply")?.dataset.blocked === found.querySelector("#reply")?.dataset.blocked) pieces(old, found);
  else exchange(old, found);
}

function pieces(old, found) {
  const known = new Set([...old.querySelectorAll("#thread > li")].map((line) => line.id));
  for (const id of ["report-head", "side", "relations", "told-with", "silence", "budget"]) piece(id, found);
  lines(byId("thread"), found.querySelector("#thread"));
  old.dataset.seq = found.dataset.seq;
  const news = [...old.querySelectorAll("#thread > li")].filter((line) => line.id && !known.has(line.id));
  news.forEach((line) => line.classList.add("fresh-msg"));
  const said = news.filter((line) => line.classList.contains("msg") && !line.matches(".system, .inside, .ours.held"));
  composer.since(said.length, Number(found.dataset.seq));
  if (said.length) say(said.at(-1).querySelector(".by")?.textContent.trim().replace(/\s+/g, " ") ?? "");
}

function piece(id, found) {
  const old = byId(id);
  const next = found.querySelector(`#${id}`);
  if (!old || !next || old.querySelector("details[open]")) return;
  tell(next);
  if (old.innerHTML !== next.innerHTML) exchanged(old, next);
}

/** Line by line: one that has not changed is not touched, so that what is selected or focused in it stays so. */
function lines(old, next) {
  tell(next);
  media.prepare(next);
  const wanted = [...next.children];
  let at = old.firstElementChild;
  for (const line of wanted) {
    const was = byId(line.id);
    if (was) media.carry(was, line);
    if (!was) old.insertBefore(line, at);
    else if (was.innerHTML !== line.innerHTML) exchanged(was, line);
    else was.className = line.className;
    at = byId(line.id).nextElementSibling;
  }
  const ids = new Set(wanted.map((line) => line.id));
  for (const line of [...old.children]) if (!ids.has(line.id)) line.remove();
}

function exchanged(old, next) {
  media.goOn(old, next);
  focus.exchange(old, next, byId("report-title"));
}

/** The report changed hands: the composer changes too, and the text typed goes along. */
function exchange(old, found) {
  const typed = old.querySelector("#text")?.value ?? "";
  const lost = old.dataset.mine === "yes" && found.dataset.mine === "no";
  const writing = old.querySelector(".composer")?.contains(document.activeElement);
  swap(found, { focus: false });
  const target = byId(lost ? "note-text" : "text");
  if (typed && target && !target.value.includes(typed)) target.value = target.value ? `${target.value}\n\n${typed}` : typed;
  if (lost) {
    sayNow(word("notYours"));
    banner(word("notYours"), "trouble");
  }
  if (writing) target?.focus();
}

/** Put another report, or the same one anew, into the pane. */
export function swap(found, { focus = true } = {}) {
  drafts.flush();
  byId("report").replaceWith(found);
  tell(found);
  media.prepare(found);
  body.dataset.view = found.dataset.id ? "report" : "list";
  current();
  composer.arrive();
  if (focus) byId("report-title")?.focus({ preventScroll: false });
}

/** Say something above the report: what happened, what is safe. */
export function banner(text, kind = "care") {
  const place = byId("banners") ?? byId("list");
  const note = document.createElement("p");
  note.className = `note line ${kind}`;
  const said = document.createElement("span");
  said.textContent = text;
  note.append(icon(kind === "trouble" ? "warn" : "clock"), said);
  place.querySelectorAll(":scope > p.note.line:not(#missed)").forEach((old) => old.remove());
  place.prepend(note);
  return note;
}

function icon(name) {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("class", "i");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(ns, "use"));
  svg.firstChild.setAttribute("href", `#i-${name}`);
  return svg;
}
