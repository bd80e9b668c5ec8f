// Whether this screen is current. The socket only says "something up to event 884 happened";
// what happened is asked for by number, so a lost hint, a sleep or a cut loses nothing.
import { json } from "./ask.js";
import { word } from "./words.js";
import { seconds } from "./times.js";

const SILENCE = 45_000; // a heartbeat missed for this long: the line is dead
const POLLS = [5_000, 10_000, 20_000, 30_000];
const HIDDEN_POLL = 60_000;
const AWAY = 30_000;
const GRACE = 6_000; // how long a change may be on its way before the screen counts as out of date

const body = document.body;
const pill = document.getElementById("live");
const page = {
  seq: Number(body.dataset.seq || 0), head: 0, confirmed: Date.now(), behindSince: 0,
  socket: null, up: false, beat: 0, running: false, again: false, out: false,
  polls: 0, pollTimer: 0, leftAt: 0, away: false, tried: 0, begun: Date.now(), changes: async () => {}, reload: () => location.reload(),
};

/** Begin to listen. `changes(items, {missed})` patches the page; `reload()` starts it anew. */
export function start(hooks = {}) {
  if (!pill) return;
  Object.assign(page, hooks);
  page.head = page.seq;
  connect();
  catchUp();
  setInterval(look, 1000);
  addEventListener("online", () => { catchUp(); show(); });
  addEventListener("offline", show);
  document.addEventListener("triage:out", () => { page.out = true; show(); }); // whoever heard it first
  addEventListener("pageshow", (event) => { if (event.persisted) { page.away = true; catchUp(); } });
  document.addEventListener("visibilitychange", turned);
}

function connect() {
  if (!window.io) { schedule(); return; }
  const socket = page.socket = window.io({
    transports: ["websocket"], reconnectionDelay: 1000, reconnectionDelayMax: 15_000, randomizationFactor: 0.5,
  });
  socket.on("connect", () => { heard(); catchUp(); });
  socket.on("changed", ({ head }) => {
    heard();
    page.head = Math.max(page.head, head);
    if (page.head > page.seq) catchUp();
    else page.confirmed = Date.now();
    show();
  });
  socket.on("disconnect", (why) => {
    down();
    if (why === "io server disconnect") setTimeout(() => socket.connect(), POLLS[1]);
  });
  socket.on("connect_error", down);
}

function heard() {
  page.up = true;
  page.beat = Date.now();
  page.polls = 0;
  clearTimeout(page.pollTimer);
  page.pollTimer = 0;
}

function down() {
  if (page.up) page.away = true;
  page.up = false;
  schedule();
  show();
}

/** While the socket is down: 5, 10, 20, 30 seconds, never in step with the others. */
function schedule() {
  if (page.pollTimer || page.up || page.out) return;
  const pause = document.hidden ? HIDDEN_POLL : POLLS[Math.min(page.polls, POLLS.length - 1)];
  page.pollTimer = setTimeout(async () => {
    page.pollTimer = 0;
    page.polls += 1;
    await catchUp();
    schedule();
  }, pause * (1 + Math.random() * 0.3));
}

function turned() {
  if (document.hidden) { page.leftAt = Date.now(); return; }
  if (Date.now() - page.leftAt < AWAY) return;
  page.away = true;
  catchUp();
}

export async function catchUp() {
  if (page.running) { page.again = true; return; }
  page.running = true;
  page.tried = Date.now();
  try {
    do {
      page.again = false;
      const { items, reached } = await news();
      if (items.length) await page.changes(items, { missed: page.away });
      page.seq = reached; // only now: what could not be shown is asked for again
      body.dataset.seq = reached;
      page.away = page.out = false;
      page.confirmed = Date.now();
    } while (page.again);
  } catch (problem) {
    failed(problem);
  } finally {
    page.running = false;
    show();
  }
}

async function news() {
  const items = [];
  let reached = page.seq;
  for (;;) {
    const answer = await json(`/api/v1/events?after=${reached}&limit=500`);
    items.push(...answer.items);
    page.head = Math.max(page.head, answer.head);
    if (answer.next === reached || answer.next >= answer.head) return { items, reached: Math.max(reached, answer.next) };
    reached = answer.next;
  }
}

function failed(problem) {
  if (problem.status === 410) page.reload();
  schedule();
}

function look() {
  if (page.up && Date.now() - page.beat > SILENCE) {
    down();
    page.socket.disconnect().connect();
  }
  if (page.up && page.head > page.seq && !page.running && Date.now() - page.tried > POLLS[0]) catchUp();
  show();
}

/** The pill's state, in the order of what a person must know first. */
function state() {
  const now = Date.now();
  page.behindSince = page.head > page.seq ? page.behindSince || now : 0;
  if (page.out) return "out";
  if (!navigator.onLine) return "offline";
  if (page.behindSince && now - page.behindSince > GRACE) return page.up ? "behind" : "reconnecting";
  if (page.up) return "live";
  if (now - page.begun < 3000) return "asof";
  return "reconnecting";
}

const KINDS = { live: "", asof: "still", behind: "waiting", reconnecting: "waiting", offline: "off", out: "off" };
const WORDS = { live: "live", behind: "behind", reconnecting: "reconnecting", offline: "offline", out: "signedOut" };

function show() {
  const now = state();
  const time = pill.querySelector("[data-live-time]");
  const at = new Date(now === "live" ? Math.max(page.confirmed, page.beat) : page.confirmed);
  time.dateTime = at.toISOString();
  time.textContent = seconds(at);
  time.hidden = now === "out" || now === "offline";
  if (body.dataset.link === now) return;
  body.dataset.link = now;
  pill.className = `pill ${KINDS[now]}`;
  if (WORDS[now]) phrase(now);
  document.dispatchEvent(new CustomEvent("triage:link", { detail: { state: now, at } }));
}

function phrase(now) {
  const place = pill.querySelector("[data-live-word]");
  place.textContent = "";
  if (now !== "behind" && now !== "out") { place.textContent = word(WORDS[now]); return; }
  const link = document.createElement("a");
  link.href = now === "out" ? `/login?next=${encodeURIComponent(location.pathname + location.search)}` : location.href;
  link.textContent = word(WORDS[now]);
  place.append(link);
}

/** When the screen was last known to be true. */
export const confirmedAt = () => new Date(page.confirmed);
