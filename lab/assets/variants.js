// Keeps the table of variants true without loading it again, and starts and stops variants from it.

import { labAnswers } from "./lab.js";

const PAUSE = 2_000;
const PATIENCE = 10_000;

/// Writes what has changed, and nothing else: a reader's selection and a screen reader's place stay.
function write(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

function show(variant) {
  const cell = document.querySelector(`[data-variant="${CSS.escape(variant.name)}"]`);
  if (!cell) return;
  const status = cell.querySelector(".status");
  cell.dataset.state = variant.status;
  status.dataset.status = variant.mood;
  write(status, variant.status);
  write(cell.querySelector(".facts"), variant.facts);
  write(cell.querySelector(".detail"), variant.detail ?? "");
  if (variant.address === null) return;
  write(cell.querySelector(".address"), variant.address);
  write(cell.querySelector(".process"), String(variant.process_id));
  for (const link of cell.querySelectorAll("a[data-path]")) link.href = `http://${variant.address}${link.dataset.path}`;
}

/// Says which databases do not answer, and how each is started.
function showDatabases(variants) {
  for (const group of document.querySelectorAll("[data-database]")) {
    const needs = group.querySelector(".needs");
    const isAway = (variant) => variant.database === group.dataset.database && variant.status === "no database";
    if (needs) needs.hidden = !variants.some(isAway);
  }
}

const UNKNOWN = { status: "unknown", mood: "", facts: "", detail: null, address: null };

async function refresh() {
  try {
    const response = await fetch("/variants", { signal: AbortSignal.timeout(PATIENCE) });
    const variants = await response.json();
    for (const variant of variants) show(variant);
    showDatabases(variants);
    labAnswers(true);
  } catch {
    // Whoever does not answer knows nothing of the variants either.
    const cells = document.querySelectorAll("[data-variant]");
    for (const cell of cells) show({ ...UNKNOWN, name: cell.dataset.variant });
    labAnswers(false);
  }
}

let next;

/// Asks now, and then again and again, but never twice at the same time, and not while nobody looks: each variant that runs
/// is asked each time.
async function follow() {
  clearTimeout(next);
  if (document.hidden) return;
  await refresh();
  clearTimeout(next);
  next = setTimeout(follow, PAUSE);
}

async function change(form) {
  const outcome = document.querySelector("#outcome");
  const button = form.querySelector("button");
  button.disabled = true;
  outcome.textContent = "";
  try {
    const response = await fetch(form.action, { method: "POST", headers: { Accept: "application/json" } });
    if (!response.ok) outcome.textContent = (await response.json()).error;
  } catch {
    outcome.textContent = "The lab does not answer.";
  }
  button.disabled = false;
  await follow();
  // The button that was pressed may be gone: the keyboard goes on at the one that took its place.
  const cell = form.closest("[data-variant]");
  if (cell && !button.checkVisibility()) [...cell.querySelectorAll("button")].find((other) => other.checkVisibility())?.focus();
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  change(event.target);
});

document.addEventListener("visibilitychange", follow);
next = setTimeout(follow, PAUSE);
