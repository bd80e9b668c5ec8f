// The desk with script: opens and acts in place, falls back to plain pages whenever something is odd.
import * as ask from "./ask.js";
import * as composer from "./composer.js";
import * as drafts from "./drafts.js";
import * as keys from "./keys.js";
import * as live from "./live.js";
import * as media from "./media.js";
import * as patch from "./patch.js";
import { minutes } from "./times.js";
import { sayNow, say, word } from "./words.js";

const byId = (id) => document.getElementById(id);
const rows = () => [...document.querySelectorAll("#items > .item")];
const row = () => document.activeElement?.closest?.(".item") ?? document.querySelector(".item[aria-current=true]");

media.prepare(document);

// ---------------------------------------------------------------- opening

async function visit(url, { push = true } = {}) {
  const to = new URL(url, location.href);
  try {
    await drafts.flush();
    const doc = await ask.page(`${to.pathname}/thread${to.search}`);
    arrive(doc.getElementById("report"), push);
  } catch {
    location.assign(url); // whatever it is, the plain page says it better
  }
}

function arrive(found, push) {
  const other = Number(found.dataset.id || 0) !== patch.openId();
  patch.swap(found);
  if (push && other) history.pushState({}, "", found.dataset.url);
  document.title = `${byId("report-title").textContent.trim().replace(/\s+/g, " ")} · ${document.querySelector(".mark").textContent.trim()}`;
}

addEventListener("popstate", () => {
  if (/\/reports\/\d+$/.test(location.pathname)) visit(location.href, { push: false });
  else location.reload();
});

document.addEventListener("click", (event) => {
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
  const link = event.target.closest("a[href]");
  if (!link || link.hasAttribute("data-plain")) return;
  const act = link.closest(".item .who") || link.closest(".others") ? () => visit(link.href)
    : link.hasAttribute("data-reload") ? () => patch.list(link.href).then(() => document.querySelector("#items a")?.focus())
    : link.hasAttribute("data-more") ? () => patch.more(link) : null;
  if (!act) return;
  event.preventDefault();
  Promise.resolve(act()).catch(() => location.assign(link.href));
});

// ---------------------------------------------------------------- acting

const IN_PLACE = "#report form:not([data-plain]), #take, .take-next, .bottom form";

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches(IN_PLACE) || event.defaultPrevented) return;
  event.preventDefault();
  const button = event.submitter;
  if (button?.getAttribute("aria-disabled") === "true" || form.dataset.busy) return;
  if (document.body.dataset.link === "offline") { patch.banner(word("offlineSend")).dataset.until = "live"; return; }
  if (form.id === "reply" && composer.mustPressAgain(form, button)) return;
  const rest = busy(form, button);
  try {
    await (form.id === "reply" ? drafts.hold() : drafts.flush());
    const answer = await ask.send(form, button);
    if (form.id === "reply") drafts.forget(form);
    landed(form, answer);
    if (button?.hasAttribute("data-undo")) composer.open("reply"); // its text is the draft again
  } catch (problem) {
    if (form.id === "reply") drafts.again(form);
    await refused(form, button, problem);
  } finally {
    rest();
  }
});

/** More than a second: the button says so. More than ten: so does the page. */
function busy(form, button) {
  form.dataset.busy = "1";
  const was = button ? [...button.childNodes] : [];
  const text = (words) => { if (button?.isConnected) { button.replaceChildren(words); button.ariaBusy = "true"; } };
  const timers = [
    setTimeout(() => text(button?.dataset.busy || word("working")), 1000),
    setTimeout(() => { if (button?.hasAttribute("data-take") || button?.dataset.key === "t") text(word("checking")); }, 3000),
    setTimeout(() => patch.banner(word("still")), 10_000),
  ];
  return () => {
    timers.forEach(clearTimeout);
    delete form.dataset.busy;
    if (button?.isConnected && button.ariaBusy) { button.replaceChildren(...was); button.ariaBusy = null; }
  };
}

function landed(form, { url, doc }) {
  const found = doc.querySelector("#report.open");
  if (!found) {
    if (!doc.getElementById("list")) { location.assign(url); return; }
    patch.list(url, doc);
    say(doc.getElementById("flashes")?.textContent.trim() ?? "");
    return;
  }
  const voice = form.id === "note" ? "note" : null;
  const said = (voice || form.id === "reply") && Number(found.dataset.id) === patch.openId();
  arrive(found, true);
  if (said) byId("thread").lastElementChild?.scrollIntoView({ block: "center" }); // on a phone the page is long, and Undo short
  if (voice && byId("mode-note")) byId("mode-note").checked = true;
  patch.rows([patch.openId()]).catch(() => {});
}

async function refused(form, button, problem) {
  const line = button?.closest(".item");
  if (!problem.status) { // no answer: ask who holds it rather than trying again blindly
    if (form.id === "reply") sayNow(word("notSent"));
    patch.banner(word("noAnswer"), "trouble").dataset.until = "live";
    if (line) await patch.rows([Number(line.dataset.id)]).catch(() => {});
    return;
  }
  if (problem.status === 401 || problem.code === "stale_form") { signIn(form); return; }
  if (line) { await beaten(line, problem); return; }
  if (form.id === "reply") { await unsent(form, problem); return; }
  patch.banner(problem.sentence, problem.status === 409 ? "care" : "trouble").setAttribute("role", "alert");
  if (patch.openId()) await patch.report().catch(() => {});
}

/** Signed out: the plain form goes through the sign-in, which keeps the text. */
function signIn(form) {
  if (!form.querySelector("textarea")) {
    location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
    return;
  }
  HTMLFormElement.prototype.submit.call(form);
}

/** Somebody was faster: the row says who, the focus stays, the next Take is one key away. */
async function beaten(line, problem) {
  const id = line.dataset.id;
  await patch.rows([Number(id)]).catch(() => {});
  const now = byId(`r${id}`);
  const note = document.createElement("p");
  note.className = "refused due";
  note.textContent = problem.sentence;
  now?.append(note);
  now?.querySelector("a").focus();
  say(problem.sentence);
}

async function unsent(form, problem) {
  const text = form.elements.text.value;
  sayNow(`${word("notSent")}. ${problem.sentence}`);
  await patch.report().catch(() => {});
  const seen = byId("reply")?.elements.seen_seq;
  if (seen) seen.value = byId("report").dataset.seq; // what is new stands on the screen now
  patch.banner(problem.sentence, problem.code === "conversation_moved_on" ? "care" : "trouble");
  const field = byId("text") ?? byId("note-text");
  if (field && !field.value.includes(text)) field.value = text;
  field?.focus();
}

// ---------------------------------------------------------------- keys

function move(step) {
  const all = rows();
  const at = all.indexOf(row());
  const next = all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)];
  next?.querySelector("a").focus();
  next?.scrollIntoView({ block: "nearest" });
}

function press(selector) {
  const found = document.querySelector(selector);
  if (!found) return false;
  found.click();
  return true;
}

function take() {
  const here = document.activeElement?.closest?.(".item");
  if (!here && press("#report-head [data-key=t]")) return true;
  const all = rows();
  const from = Math.max(all.indexOf(here ?? row()), 0);
  const button = [...all.slice(from)].map((one) => one.querySelector("[data-take]")).find(Boolean);
  button?.click();
  return Boolean(button);
}

function unfold(key) {
  const fold = document.querySelector(`#report-head [data-key="${CSS.escape(key)}"]`);
  if (!fold) return false;
  if (fold.tagName !== "DETAILS") { fold.click(); return true; }
  fold.open = true;
  fold.querySelector("summary ~ * :is(button, input:not([type=hidden]), select)")?.focus();
  return true;
}

/** To what goes with the open report, or may; else to where that can be said. */
function alike() {
  const first = document.querySelector("#relations :is(a, button), #told-with a") ?? document.querySelector("#by-hand summary");
  first?.focus();
  return Boolean(first);
}

function escape() {
  if (document.activeElement?.closest(".report")) (document.querySelector(".item[aria-current=true] a") ?? document.querySelector("#items a"))?.focus();
}

keys.start({
  j: () => move(1), k: () => move(-1),
  o: () => { row()?.querySelector("a")?.click(); },
  n: () => press(".take-next button") || press(".bottom .first"),
  t: take, d: alike, r: () => composer.open("reply"), i: () => composer.open("note"),
  e: () => unfold("e"), q: () => unfold("q"), "!": () => unfold("!"), s: () => unfold("s"), a: () => unfold("a"), ".": () => unfold("."),
  u: () => press("#thread > li:last-child [data-undo]") || press("#thread [data-undo]:not([hidden])"),
  "?": () => { byId("help").showModal(); }, Escape: escape,
});

// Escape leaves a field, so that the keys work again; the text is saved by leaving.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches("#text, #note-text")) byId("report-title")?.focus();
});

// ---------------------------------------------------------------- staying current

document.addEventListener("triage:link", ({ detail }) => {
  if (detail.state === "live") document.querySelectorAll("[data-until=live]").forEach((said) => said.remove());
  const doubtful = ["reconnecting", "offline", "out"].includes(detail.state);
  byId("list")?.classList.toggle("stale", doubtful);
  const asOf = document.querySelector(".as-of");
  if (!asOf) return;
  asOf.hidden = !doubtful;
  asOf.querySelector("time").textContent = minutes(detail.at);
});

composer.start();
composer.arrive();
live.start({ changes: patch.changes });
