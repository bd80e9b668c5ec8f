// Pictures: a blurred hint of what is covered, unless the browser saves data. Tapping is plain HTML (details).
const saving = () => navigator.connection?.saveData === true || matchMedia("(prefers-reduced-data: reduce)").matches;

/** Give covered pictures in `root` their blurred hint, and players their length. */
export function prepare(root) {
  if (saving()) return;
  for (const veil of root.querySelectorAll("img[data-veil][hidden]")) {
    veil.loading = "lazy"; // before it knows what to load
    veil.hidden = false;
    veil.src = veil.dataset.veil;
  }
  for (const player of root.querySelectorAll(".file audio[preload=none]")) player.preload = "metadata";
}

/** What somebody opened or typed at the files of a line goes along when the line is shown anew. */
export function carry(was, next) {
  for (const file of next.querySelectorAll("[data-file]")) {
    const old = was.querySelector(`[data-file="${file.dataset.file}"]`);
    if (!old) continue;
    for (const box of file.querySelectorAll("details")) box.open = old.querySelector(`details.${box.className}`)?.open ?? box.open;
    for (const field of file.querySelectorAll("textarea, input:not([type=hidden])")) {
      const typed = old.querySelector(`#${CSS.escape(field.id)}`);
      if (typed && typed.value !== typed.defaultValue) field.value = typed.value;
    }
  }
}

/** A sound that plays where a line is shown anew goes on where it was. */
export function goOn(was, next) {
  for (const player of was.querySelectorAll("audio")) {
    const same = next.querySelector(`audio[src="${CSS.escape(player.getAttribute("src"))}"]`);
    if (same) same.replaceWith(player);
  }
}
