// Keeps the statuses on the page true, without loading it again.

const PAUSE = 2_000;
const PATIENCE = 10_000;

function show(name, status) {
  const shown = document.querySelector(`[data-variant="${CSS.escape(name)}"] [data-status]`);
  if (!shown || shown.textContent === status) return;
  shown.textContent = status;
  shown.dataset.status = { ready: "good", unknown: "unknown" }[status] ?? "bad";
}

async function refresh() {
  const note = document.querySelector("#note");
  try {
    const response = await fetch("/variants", { signal: AbortSignal.timeout(PATIENCE) });
    for (const variant of await response.json()) show(variant.name, variant.status);
    note.hidden = true;
  } catch {
    // Whoever does not answer knows nothing of the variants either.
    for (const cell of document.querySelectorAll("[data-variant]")) show(cell.dataset.variant, "unknown");
    note.hidden = false;
  }
  setTimeout(refresh, PAUSE);
}

setTimeout(refresh, PAUSE);
