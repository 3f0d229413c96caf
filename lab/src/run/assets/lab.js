// Keeps the statuses on the page true, without loading it again.

const SECONDS = 3;

function show(variant) {
  const cell = document.querySelector(`[data-variant="${CSS.escape(variant.name)}"]`);
  if (!cell) return;
  const status = cell.querySelector("[data-status]");
  if (status.textContent === variant.status) return;
  status.textContent = variant.status;
  status.dataset.status = variant.status === "ready" ? "good" : "bad";
}

async function refresh() {
  const note = document.querySelector("#note");
  try {
    const response = await fetch("/variants");
    for (const variant of await response.json()) show(variant);
    note.hidden = true;
  } catch {
    note.hidden = false;
  }
}

setInterval(refresh, SECONDS * 1000);
