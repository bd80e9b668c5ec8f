// A piece of the page is exchanged for a fresh one without moving whoever works in it.
const byId = (id) => document.getElementById(id);

/** Put `next` where `old` is; the focus goes to the same thing in it, or to `other`, never nowhere. */
export function exchange(old, next, other) {
  const at = old.contains(document.activeElement) ? document.activeElement : null;
  const same = at && alike(old, at);
  const scrolled = [old, ...old.querySelectorAll("[tabindex]")].filter((box) => box.id && box.scrollTop).map((box) => [box.id, box.scrollTop]);
  old.replaceWith(next);
  for (const [id, far] of scrolled) if (byId(id)) byId(id).scrollTop = far;
  if (!at) return;
  const found = same && (next.querySelectorAll(same.selector)[same.place] ?? next.querySelector(same.selector));
  (found?.querySelector("summary") ?? found ?? other).focus({ preventScroll: true });
}

/** How to find `at` again in what replaces `old`: what it is, and which one of these. */
function alike(old, at) {
  const by = (name, value) => value && `[${name}="${CSS.escape(value)}"]`;
  const leads = ["formaction", "href"].find((name) => at.hasAttribute(name));
  const form = at.matches("button") && by("action", at.closest("form")?.getAttribute("action"));
  const selector = by("id", at.id) || by("data-key", at.closest("[data-key]")?.dataset.key)
    || (at.matches("summary") && by("data-keep", at.parentElement.dataset.keep))
    || (leads && by(leads, at.getAttribute(leads))) || (form && `form${form} button`);
  return selector && { selector, place: [...old.querySelectorAll(selector)].indexOf(at) };
}
