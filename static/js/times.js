// Times of day in the reader's own clock, waits that grow, and answers that count down.
import { word } from "./words.js";

const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const exact = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat([document.documentElement.lang || "en"], { day: "numeric", month: "short" });

export const seconds = (at) => exact.format(at);
export const minutes = (at) => clock.format(at);

export function waited(since) {
  const n = Math.max(0, Math.floor((Date.now() - since) / 60_000));
  if (n < 60) return word("minutes", { n });
  if (n < 24 * 60) return word("hours", { h: Math.floor(n / 60), m: n % 60 });
  return word("days", { n: Math.floor(n / (24 * 60)) });
}

const forms = {
  hms: (at) => exact.format(at),
  hm: (at) => (at.toDateString() === new Date().toDateString() ? "" : `${day.format(at)} `) + clock.format(at),
  until: (at) => {
    const next = new Date();
    next.setDate(next.getDate() + 1);
    return at.toDateString() === next.toDateString() ? word("tomorrow", { time: clock.format(at) }) : forms.hm(at);
  },
  wait: waited,
};

/** Write every time below `root` for this reader. */
export function tell(root = document) {
  for (const time of root.querySelectorAll("time[data-as]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const text = forms[time.dataset.as](at);
    if (time.textContent !== text) time.textContent = text;
    if (!time.title) time.title = at.toLocaleString();
  }
}

function countDown() {
  for (const line of document.querySelectorAll("[data-sends-at][data-state='held']")) {
    const n = Math.ceil((new Date(line.dataset.sendsAt) - Date.now()) / 1000);
    line.querySelector("[data-fate]").textContent = n > 0 ? word("sendsIn", { n }) : word("sending");
    const undo = line.querySelector("[data-undo]");
    if (undo && n <= 0) undo.hidden = true;
  }
}

export function start() {
  tell();
  countDown();
  setInterval(countDown, 1000);
  setInterval(() => tell(), 20_000);
}
