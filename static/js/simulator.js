// Keeps the phones current and sends their forms without leaving the page. Everything works without it, too.
import { page, send } from "./ask.js";
import { tell } from "./times.js";

const EVERY = 2000;
const pill = document.getElementById("pill");

function say(word, behind) {
  pill.classList.toggle("waiting", behind);
  const line = pill.querySelector("[data-word]");
  if (line.textContent !== word) line.textContent = word;
}

const atEnd = (thread) => thread.scrollHeight - thread.scrollTop - thread.clientHeight < 24;
const toEnd = (thread) => { thread.scrollTop = thread.scrollHeight; };

// Whoever wrote last is answered, unless a person chose otherwise.
function answerTo(thread) {
  const to = thread.closest(".phone")?.querySelector("select[name=to]");
  if (to && !to.dataset.chosen && [...to.options].some((option) => option.value === thread.dataset.to)) to.value = thread.dataset.to;
}

function renew(old, fresh) {
  if (old.innerHTML === fresh.innerHTML || old === document.activeElement) return;
  const followed = atEnd(old);
  const chosen = old.value;
  old.replaceChildren(...fresh.childNodes);
  for (const name of ["data-to", "datetime"]) if (fresh.hasAttribute(name)) old.setAttribute(name, fresh.getAttribute(name));
  if (old.matches("select") && [...old.options].some((option) => option.value === chosen)) old.value = chosen;
  if (old.matches(".thread")) {
    answerTo(old);
    if (followed) toEnd(old);
  }
}

function show(doc) {
  tell(doc);
  for (const fresh of doc.querySelectorAll("[data-live-part]")) {
    const old = document.getElementById(fresh.id);
    if (old) renew(old, fresh);
  }
  tell();
  say(pill.dataset.liveWord, false);
}

async function look() {
  if (!document.hidden) {
    try {
      show(await page(document.body.dataset.live, { alone: true }));
    } catch {
      say(pill.dataset.behind, true);
    }
  }
  setTimeout(look, EVERY);
}

const freshKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const afterwards = {
  say(form) {
    form.reset();
    form.elements.key.value = freshKey();
    const thread = form.closest(".phone").querySelector(".thread");
    answerTo(thread);
    toEnd(thread);
  },
  carrier(form, button) {
    for (const each of form.querySelectorAll("[aria-pressed]")) each.setAttribute("aria-pressed", String(each === button));
    form.closest(".carrier").querySelector("[data-behaviour]").textContent = button.textContent;
  },
};

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const then = afterwards[form.dataset.quietly];
  if (!then || event.defaultPrevented) return;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = "yes";
  try {
    const { doc } = await send(form, event.submitter);
    show(doc);
    then(form, event.submitter);
  } catch {
    // The same form by the browser itself: the desk shows its sentence. Sent twice, it is still written once.
    if (event.submitter?.name) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: event.submitter.name, value: event.submitter.value }));
    form.submit();
  } finally {
    delete form.dataset.busy;
  }
});

document.addEventListener("change", (event) => {
  if (event.target.name === "to") event.target.dataset.chosen = "yes";
});

// Enter sends, as on a phone; Shift+Enter begins a new line.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || !event.target.matches(".say textarea")) return;
  event.preventDefault();
  event.target.form.requestSubmit(event.target.form.querySelector("[value=say]"));
});

tell();
document.querySelectorAll(".thread").forEach(toEnd);
look();
