// The keys of a comparison, and its copy as plain text. The way of a request has the same keys for other operations.

import { keys } from "/assets/lab.js";

const follow = (id) => () => document.getElementById(id)?.click();

Object.assign(keys, { n: follow("next"), p: follow("previous"), y: follow("copy") });
for (const key of ["1", "2", "3", "4", "5"]) keys[key] = follow(`preset-${key}`);

const button = document.querySelector("#copy");
const said = document.querySelector("#copied");

async function copy() {
  try {
    const response = await fetch(document.querySelector("#text").href);
    if (!response.ok) throw new Error(response.statusText);
    await navigator.clipboard.writeText(await response.text());
    said.textContent = "Copied.";
  } catch {
    said.textContent = "Could not be copied: open the plain text.";
  }
}

// Its place was kept, so nothing moves.
button?.classList.remove("waits");
button?.addEventListener("click", copy);
