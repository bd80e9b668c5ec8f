// The sentences the scripts say stand in the page (#words), translated; {n}, {name}… are filled in here.
const told = document.getElementById("words")?.dataset ?? {};
const plural = new Intl.PluralRules(document.documentElement.lang || "en");

export function word(key, values = {}) {
  return (told[key] ?? "").replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** A sentence with a count: `key` + One or Other, as the language wants it. */
export function counted(key, n, values = {}) {
  const form = plural.select(n) === "one" ? "One" : "Other";
  return word(key + form, { n, ...values });
}

const QUIET = 10_000; // at most one polite message in ten seconds
let last = 0;
let waiting = null;

/** Say something politely; of several within ten seconds only the newest is said. */
export function say(text) {
  if (waiting) { waiting.text = text; return; }
  const speak = () => {
    const said = waiting?.text ?? text;
    waiting = null;
    last = Date.now();
    put("say", said);
  };
  const rest = last + QUIET - Date.now();
  if (rest <= 0) speak();
  else waiting = { text, timer: setTimeout(speak, rest) };
}

/** Only for "no longer yours" and "not sent". */
export function sayNow(text) { put("say-now", text); }

function put(id, text) {
  const place = document.getElementById(id);
  if (!place) return;
  place.textContent = "";
  requestAnimationFrame(() => { place.textContent = text; });
}
