// Asking the desk: whole pages, pieces of them, and forms.
export class Refused extends Error {
  /** The desk said no, with a code and a sentence. */
  constructor(status, answer) {
    super(answer.detail ?? "");
    this.status = status;
    this.code = answer.code ?? "error";
    this.sentence = answer.detail ?? "";
  }
}

const ours = { "X-Requested-With": "fetch", Accept: "application/json, text/html;q=0.9" };
// What the page asks by itself must not keep a session alive or a silent person awake.
const byItself = { ...ours, "Triage-By-Itself": "1" };

async function read(response) {
  if (response.ok) return response;
  if (response.status === 401) document.dispatchEvent(new CustomEvent("triage:out"));
  const json = response.headers.get("Content-Type")?.includes("json");
  throw new Refused(response.status, json ? await response.json() : {});
}

const parse = async (response) => new DOMParser().parseFromString(await response.text(), "text/html");

/** A page or a piece of one, as a document. `alone`: nobody pressed anything. */
export async function page(url, { alone = false } = {}) {
  const response = await read(await fetch(url, { headers: alone ? byItself : ours, credentials: "same-origin" }));
  if (new URL(response.url).pathname.startsWith("/login")) throw new Refused(401, { code: "signed_out" });
  return parse(response);
}

export async function json(url) {
  const response = await read(await fetch(url, { headers: { ...byItself, Accept: "application/json" }, credentials: "same-origin" }));
  if (!response.headers.get("Content-Type")?.includes("json")) throw new Refused(401, { code: "signed_out" });
  return response.json();
}

/** Send a form as it would send itself; the answer is where it leads to. */
export async function send(form, submitter) {
  const fields = new FormData(form, submitter);
  const body = (submitter?.formEnctype || form.enctype) === "multipart/form-data" ? fields : new URLSearchParams(fields);
  const to = submitter?.hasAttribute("formaction") ? submitter.formAction : form.action;
  const response = await read(await fetch(to, { method: "POST", headers: ours, body, credentials: "same-origin" }));
  return { url: response.url, doc: await parse(response) };
}

/** Keep a draft; gives back what the desk says about it. */
export async function keep(url, fields) {
  const headers = { ...ours, Accept: "application/json" };
  return (await read(await fetch(url, { method: "POST", headers, body: new URLSearchParams(fields), credentials: "same-origin", keepalive: true }))).json();
}
