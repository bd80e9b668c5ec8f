// Pages without a patcher of their own stay current in the parts marked `data-live-region`, each with an id.
// `data-refresh` is where to read them anew, `data-about` the reports they show: without it whatever happens concerns
// them. Fields stand outside, or keep what is typed: a part in which somebody writes waits for the next time. What is
// marked `data-tells` is no such part: it appears when something happened, and a person asks for the page anew.
import * as ask from "./ask.js";
import { exchange } from "./focus.js";
import { tell } from "./times.js";
import { counted, say } from "./words.js";

const PAUSE = 2000; // between two readings: in a storm a page asks no more often
const TOKEN = /(name="csrf_token" value=")[^"]*/g; // another one each time
let read = 0;

/** What happened since: `items` are events. */
export async function changes(items) {
  for (const line of document.querySelectorAll("[data-tells]")) if (items.some((item) => concerns(line, item))) line.hidden = false;
  const concerned = [...document.querySelectorAll("[data-live-region][id]")].filter((region) => items.some((item) => concerns(region, item)));
  if (!concerned.length) return;
  await new Promise((done) => { setTimeout(done, Math.max(0, read + PAUSE - Date.now())); });
  read = Date.now();
  for (const from of new Set(concerned.map((region) => region.dataset.refresh))) {
    const doc = await ask.page(from, { alone: true });
    for (const region of concerned.filter((one) => one.dataset.refresh === from)) renew(region, doc.getElementById(region.id));
  }
}

const about = (region) => (region.dataset.about ?? "").split(" ").filter(Boolean).map(Number);

function concerns(region, item) {
  if (region.dataset.about === undefined) return true;
  const { primary, other, incident } = item.data ?? {};
  return [item.report, primary, other].some((id) => about(region).includes(id)) || (incident && incident === Number(region.dataset.incident));
}

function renew(old, next) {
  if (!next || written(old)) return;
  const known = about(old);
  const more = about(next).filter((id) => !known.includes(id)).length;
  if (more) say(counted("arrived", more));
  tell(next); // before comparing: the old one's times are told already
  for (const fold of old.querySelectorAll("details[open][data-keep]")) {
    const same = next.querySelector(`details[data-keep="${CSS.escape(fold.dataset.keep)}"]`);
    if (same) same.open = true;
  }
  const words = (part) => part.outerHTML.replace(TOKEN, "$1");
  if (words(old) !== words(next)) exchange(old, next, document.getElementById("main"));
}

/** Whether somebody has typed or chosen something in it, or is about to. */
function written(region) {
  if (region.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")) return true;
  return [...region.querySelectorAll("input, textarea")].some((field) => field.type !== "hidden"
    && (field.value !== field.defaultValue || field.checked !== field.defaultChecked));
}
