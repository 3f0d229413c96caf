// The tester: sends what the form says through the lab, and shows the answers as they come.

import { keys, labAnswers } from "/assets/lab.js";
import { edits, filledIn, fill, fromFragment, read, toFragment } from "/assets/try-form.js";
import { carriesToken, identity, remember } from "/assets/try-session.js";

const form = document.querySelector("#request");
const button = document.querySelector("#send");
const note = document.querySelector("#send-note");
const results = document.querySelector("#answers");
const variants = document.querySelector("#variants");

const say = (text, isBad = false) => {
  note.textContent = text;
  note.toggleAttribute("data-bad", isBad);
};
const announce = (text) => (document.querySelector("#announce").textContent = text);

// The address of this page without what was edited.
const plainAddress = location.pathname + location.search;

const open = (edits) => fill({ ...filledIn, ...edits });

/// Fills in what the address says, unless its fragment only names a place on the page.
function openAddress() {
  const edits = location.hash === "" ? {} : fromFragment(location.hash);
  if (edits) open(edits);
}

/// The path with the query fields that have a value.
function target(request) {
  const encode = (text) => encodeURIComponent(text);
  const query = request.q.filter(([name, value]) => name !== "" && value !== "").map((pair) => pair.map(encode).join("="));
  if (query.length === 0) return request.p;
  return request.p + (request.p.includes("?") ? "&" : "?") + query.join("&");
}

/// The header lines that have a value, and the token unless one was typed.
function headers(request) {
  const lines = request.h.filter(([name, value]) => name !== "" && value !== "");
  const isTyped = lines.some(([name]) => name.toLowerCase() === "authorization");
  if (carriesToken() && identity() && !isTyped) lines.push(["Authorization", `Bearer ${identity().token}`]);
  return lines;
}

/// A verdict and columns that wait, as high as those that come.
function wait(names) {
  const verdict = document.createElement("div");
  const heading = document.createElement("h2");
  verdict.className = "verdict";
  verdict.dataset.verdict = "waiting";
  heading.textContent = names.length === 1 ? "Waiting for the answer …" : `Waiting for ${names.length} answers …`;
  verdict.append(heading);
  const columns = document.createElement("div");
  columns.className = "columns";
  for (const name of names) {
    const column = document.createElement("article");
    column.className = "answer card waiting";
    column.dataset.variant = name;
    const title = document.createElement("h3");
    const state = document.createElement("p");
    title.textContent = name;
    state.textContent = "waiting …";
    state.className = "soft";
    column.append(title, state);
    columns.append(column);
  }
  results.replaceChildren(verdict, columns);
}

/// The lines of an answer that comes piece by piece.
async function* linesOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    yield* lines;
  }
}

/// Asks the lab; gives what each variant said in a word, and shows the rest.
async function ask(order) {
  const response = await fetch("/try/send", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(order),
  });
  labAnswers(true);
  if (!response.ok) throw new Refused((await response.json()).error);
  const summaries = [];
  let isWhole = false;
  for await (const line of linesOf(response)) {
    const { variant, summary, html, short, error } = JSON.parse(line);
    if (error) throw new Refused(error);
    if (variant) {
      summaries.push(summary);
      const state = results.querySelector(`[data-variant="${CSS.escape(variant)}"] p`);
      if (state) state.textContent = summary;
    }
    if (html !== undefined) {
      results.innerHTML = html;
      announce(short);
      isWhole = true;
    }
  }
  if (!isWhole) throw new TypeError("the lab has gone");
  return summaries;
}

class Refused extends Error {}

/// The variants that a choice names: one; those of a framework (`axum-*`) or of a store (`*-mongodb`) that run; all that run.
function meant(chosen) {
  const [before, after] = chosen.split("*");
  if (chosen && after === undefined) return [chosen];
  const running = [...variants.options].filter((option) => "runs" in option.dataset).map((option) => option.value);
  return running.filter((name) => name.startsWith(before) && name.endsWith(after ?? ""));
}

async function send() {
  if (button.disabled || button.ariaDisabled) return;
  const request = read();
  const body = form.querySelector("#body");
  const chosen = request.v;
  const names = meant(chosen);
  // Not `disabled`: that would take the keyboard's focus away.
  button.ariaDisabled = "true";
  button.textContent = "Waiting …";
  say("");
  announce("");
  wait(names);
  results.scrollIntoView({ block: "nearest" });
  try {
    const summaries = await ask({
      variants: chosen ? names : null,
      operation: form.dataset.operation,
      method: request.m,
      path: target(request),
      headers: headers(request),
      body: body.hasAttribute("data-none") && request.b === "" ? null : request.b,
    });
    const kept = edits(request);
    const statuses = [...new Set(summaries.map((summary) => summary.split(" in ")[0]))].join(", ");
    const shown = { ...filledIn, ...kept };
    remember({ address: plainAddress + toFragment(kept), method: request.m, path: target(shown).slice(0, 200), statuses });
  } catch (error) {
    results.replaceChildren();
    if (error instanceof Refused) say(error.message, true);
    else {
      say("The lab does not answer: it was stopped, or is starting again.", true);
      labAnswers(false);
    }
  }
  button.textContent = "Send";
  button.ariaDisabled = null;
}

async function copy(text, button, what) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    announce(`${what} copied.`);
    button.textContent = "Copied";
  } catch {
    announce("The browser does not let this page copy.");
    button.textContent = "Not copied";
  }
  setTimeout(() => (button.textContent = before), 1_500);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && !event.target.closest("#sign-in")) send();
});
document.querySelector("#link").addEventListener("click", (event) => {
  copy(location.origin + plainAddress + toFragment(edits(read())), event.target, "The link");
});
results.addEventListener("click", (event) => {
  if (!event.target.matches(".copy-curl")) return;
  copy(event.target.closest(".answer").querySelector(".curl pre").textContent, event.target, "The command");
});
document.querySelector("#history ol").addEventListener("click", (event) => {
  const address = event.target.dataset.address;
  if (!address) return;
  const [plain, fragment = ""] = address.split("#");
  if (plain !== plainAddress) return location.assign(address);
  open(fromFragment(`#${fragment}`) ?? {});
  form.scrollIntoView();
  button.focus({ preventScroll: true });
});
addEventListener("hashchange", openAddress);

keys.s = send;
keys.o = () => document.querySelector(".operations a[aria-current]").focus();
keys.m = () => document.querySelector("#mistakes a").focus();
keys.b = () => {
  const body = document.querySelector("#body");
  (body.checkVisibility() ? body : document.querySelector("#path")).focus();
};

openAddress();
// The chosen mistake may be far down in its list, which scrolls by itself.
const chosen = document.querySelector("#mistakes a[aria-current]");
if (chosen) document.querySelector("#mistakes > div").scrollTop = chosen.offsetTop - 48;
button.disabled = false;
