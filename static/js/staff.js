// What every staff page has: times, the live pill, help, and regions that refresh themselves.
import * as keys from "./keys.js";
import * as live from "./live.js";
import * as regions from "./regions.js";
import * as times from "./times.js";

times.start();
menus();
// The desk changes its address without loading anew; the shift leads back to what is on the screen.
document.querySelector(".shift")?.addEventListener("submit", (event) => {
  event.target.elements.back.value = location.pathname + location.search;
});
if (!document.body.classList.contains("desk")) {
  live.start({ changes: regions.changes });
  keys.start({ n: () => document.querySelector(".take-next button")?.click(), d: decide, "?": help });
}

/** To the first thing that waits for a decision here. */
function decide() {
  const first = document.querySelector(".decide-it button, .decide :is(button, .button)");
  first?.focus();
  return Boolean(first);
}

// What goes to many is not sent by a habit of the fingers: from its text to its button, where Enter sends.
document.querySelector(".together textarea")?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  event.target.form.elements.send.focus();
});

/** Menus close by Escape and by pressing elsewhere; focus goes back to their word. */
function menus() {
  document.addEventListener("click", (event) => {
    for (const fold of document.querySelectorAll("details.fold[open]")) {
      if (!fold.contains(event.target)) fold.open = false;
    }
    const opener = event.target.closest("[data-help]");
    if (opener) help();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const fold = document.querySelector("details.fold[open]");
    if (!fold) return;
    fold.open = false;
    fold.querySelector("summary").focus();
    event.preventDefault(); // this Escape is spent: the keys leave it alone
  });
}

function help() {
  document.querySelectorAll("details.fold[open]").forEach((fold) => { fold.open = false; });
  document.getElementById("help")?.showModal();
}
