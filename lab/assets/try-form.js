// The form of the tester: reading it, filling it in, and what of it may be kept.

const form = document.querySelector("#request");
const field = (name) => form.querySelector(`#${name}`);
const kinds = { q: ["#query", "query parameter"], h: ["#headers", "header"] };

const pairs = (kind) =>
  [...form.querySelectorAll(`${kinds[kind][0]} .pair`)].map((row) => [row.querySelector(".name").value, row.querySelector(".value").value]);

/// The request as it stands in the form.
export const read = () => ({
  m: field("method").value,
  p: field("path").value,
  q: pairs("q"),
  h: pairs("h"),
  b: field("body").value,
  v: field("variants").value,
});

/// As the server filled it in.
export const filledIn = read();

function row(kind, [name, value]) {
  const row = document.createElement("div");
  row.className = "pair";
  row.dataset.pair = kinds[kind][1];
  const input = (css, label, text) => {
    const input = document.createElement("input");
    input.className = `code ${css}`;
    input.setAttribute("aria-label", label);
    input.spellcheck = false;
    input.autocomplete = "off";
    input.value = text;
    return input;
  };
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "quiet remove";
  remove.setAttribute("aria-label", `Remove ${name || `this ${kinds[kind][1]}`}`);
  remove.textContent = "×";
  row.append(input("name", `Name of a ${kinds[kind][1]}`, name), input("value", `Value of ${name || `this ${kinds[kind][1]}`}`, value), remove);
  return row;
}

/// Adds a row and gives it.
export function add(kind, pair = ["", ""]) {
  const added = row(kind, pair);
  form.querySelector(`${kinds[kind][0]} .add`).before(added);
  return added;
}

/// Makes the form show exactly this request. Rows that are there stay, with what they say about themselves.
export function fill(request) {
  field("method").value = request.m;
  field("path").value = request.p;
  field("body").value = request.b;
  field("variants").value = request.v;
  if (field("variants").selectedIndex < 0) field("variants").value = "";
  if (request.b) field("body").closest("details")?.setAttribute("open", "");
  for (const kind of ["q", "h"]) {
    const rows = [...form.querySelectorAll(`${kinds[kind][0]} .pair`)];
    rows.slice(request[kind].length).forEach((row) => row.remove());
    request[kind].forEach(([name, value], place) => {
      const row = rows[place] ?? add(kind);
      row.querySelector(".name").value = name;
      row.querySelector(".value").value = value;
    });
  }
}

form.addEventListener("click", (event) => {
  const kind = event.target.matches(".add") && (event.target.dataset.kind === "header" ? "h" : "q");
  if (kind) add(kind).querySelector("input").focus();
  if (!event.target.matches(".remove")) return;
  const row = event.target.closest(".pair");
  // The keyboard goes on at the row that takes its place, or at what adds one.
  const next = row.nextElementSibling?.querySelector(".name") ?? row.parentElement.querySelector(".add");
  row.remove();
  next.focus();
});

const TOKEN = /eyJ[\w-]+\.[\w-]+\.[\w-]*/g;
const SECRET = /authorization|cookie|pass|pwd|secret|token|key/i;

/// A body without what somebody typed for a password or another secret: an example stands in its place. In a body that is
/// no JSON nothing can be told apart, so one that might hold a secret is not kept; the one that was filled in stands for it.
function withoutSecrets(body) {
  if (body === filledIn.b) return body;
  let found = false;
  const hide = (name, value) => {
    if (name === "" || !SECRET.test(name)) return value;
    found = true;
    return "correct horse battery";
  };
  try {
    const safe = JSON.parse(body, hide);
    return found ? JSON.stringify(safe, null, 2) : body;
  } catch {
    return SECRET.test(body) || body.includes("\\u") ? filledIn.b : body;
  }
}

const SECRET_IN_PATH = /([?&][^=&]*(?:password|secret|token|key)[^=&]*=)[^&]*/gi;

/// What of a request was edited and may be kept: no tokens, no passwords.
export function edits(request) {
  const known = new Set([...filledIn.h, ...filledIn.q].map(String));
  const isOpen = (pair) => !SECRET.test(pair[0]) || known.has(String(pair));
  const clean = {
    ...request,
    p: request.p.replace(SECRET_IN_PATH, "$1"),
    q: request.q.filter(isOpen),
    h: request.h.filter(isOpen),
    b: withoutSecrets(request.b),
  };
  const edited = Object.entries(clean).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(filledIn[name]));
  const text = JSON.stringify(Object.fromEntries(edited));
  const example = JSON.stringify(filledIn);
  return JSON.parse(text.replace(TOKEN, (token) => (example.includes(token) ? token : "token")));
}

/// Edits as the part of an address that no browser sends anywhere (RFC 3986, 3.5).
export function toFragment(edits) {
  if (Object.keys(edits).length === 0) return "";
  const bytes = new TextEncoder().encode(JSON.stringify(edits));
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return "#" + btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/// The edits in such a part; null if it is something else, such as the name of a place on the page.
export function fromFragment(fragment) {
  try {
    const text = atob(fragment.slice(1).replaceAll("-", "+").replaceAll("_", "/"));
    const found = JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (letter) => letter.charCodeAt(0))));
    if (found === null || typeof found !== "object") return null;
    const isText = (value) => typeof value === "string";
    const isPairs = (value) => Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isText));
    const fits = ([name, value]) => ("qh".includes(name) ? isPairs(value) : "mpbv".includes(name) && isText(value));
    return Object.fromEntries(Object.entries(found).filter(([name, value]) => name.length === 1 && fits([name, value])));
  } catch {
    return null;
  }
}
