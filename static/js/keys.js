// Single keys, only outside fields, and only while they are switched on.
const PLACES = { n: "new", m: "mine", w: "waiting", u: "urgent", a: "all" };
const SWITCH = "triage.keys";
let going = 0; // when `g` was pressed

/** `verbs` maps a key to what it does. */
export function start(verbs) {
  const box = document.getElementById("keys-on");
  if (box) {
    box.checked = read() !== "off";
    box.addEventListener("change", () => write(box.checked ? "on" : "off"));
  }
  document.addEventListener("keydown", (event) => {
    if (!mine(event)) return;
    if (going && Date.now() - going < 1500 && PLACES[event.key]) {
      going = 0;
      location.assign(`${document.body.dataset.desk}?view=${PLACES[event.key]}`);
      return;
    }
    going = event.key === "g" ? Date.now() : 0;
    const verb = verbs[event.key];
    if (verb && verb(event) !== false) event.preventDefault();
  });
}

function mine(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return false;
  if (read() === "off" && event.key !== "?" && event.key !== "Escape") return false;
  if (document.querySelector("dialog[open]")) return false;
  return !event.target.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");
}

function read() { try { return localStorage.getItem(SWITCH); } catch { return null; } }
function write(value) { try { localStorage.setItem(SWITCH, value); } catch { /* private window: for this page only */ } }
