// The keys of a comparison, and its copy as plain text.

import { keys } from "/assets/lab.js";

const follow = (id) => () => document.getElementById(id)?.click();

Object.assign(keys, { n: follow("next"), p: follow("previous"), y: follow("copy") });
for (const key of ["1", "2", "3"]) keys[key] = follow(`preset-${key}`);

const button = document.querySelector("#copy");
const said = document.querySelector("#copied");
// Its place was kept: nothing moves.
button.classList.remove("waits");
button.addEventListener("click", async () => {
  try {
    const response = await fetch(document.querySelector("#text").href);
    if (!response.ok) throw new Error(response.statusText);
    await navigator.clipboard.writeText(await response.text());
    said.textContent = "Copied.";
  } catch {
    said.textContent = "Could not be copied: open the plain text.";
  }
});
