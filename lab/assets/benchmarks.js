// Follows the run. The server sends the whole panel at each connection, and then what is new.

const panel = document.querySelector("#panel");
const follows = document.querySelector("#follows");
const source = new EventSource("/benchmarks/events");

let isRunning = panel.querySelector("#bar") !== null;
let shown;

/// Puts a row at the end of its list. Whoever has scrolled up to read stays there.
function append(list, html) {
  const box = panel.querySelector(`[data-list="${list}"]`);
  if (!box) return;
  const atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 8;
  box.querySelector(`#${list}`).insertAdjacentHTML("beforeend", html);
  if (atEnd) box.scrollTop = box.scrollHeight;
}

function showStep({ done, steps, what, left }) {
  const bar = panel.querySelector("#bar");
  if (!bar) return;
  bar.max = Math.max(steps, 1);
  bar.value = done;
  panel.querySelector("#what").textContent = what;
  panel.querySelector("#left").textContent = left;
}

function showWhole(html, runs) {
  const hadFocus = panel.contains(document.activeElement);
  const hasEnded = isRunning && !runs;
  isRunning = runs;
  // The same again is not written: a reader's selection and a screen reader's place stay.
  if (shown !== html) {
    panel.innerHTML = html;
    shown = html;
    for (const box of panel.querySelectorAll("[data-list]")) box.scrollTop = box.scrollHeight;
    if (hadFocus && !panel.contains(document.activeElement)) document.querySelector("#run").focus();
  }
  follows.textContent = runs ? "What it measures appears by itself." : "";
  if (hasEnded) showResults();
}

/// Fetches this page again for the list and the new result.
async function showResults() {
  follows.textContent = "The run is over.";
  try {
    // The address may be that of a form that was refused.
    const html = await (await fetch(`/benchmarks${location.search}`)).text();
    const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("#results");
    if (fresh) document.querySelector("#results").replaceWith(fresh);
  } catch {
    follows.textContent = "The lab does not answer.";
  }
}

source.onmessage = ({ data }) => {
  const news = JSON.parse(data);
  if (news.whole !== undefined) showWhole(news.whole, news.is_running);
  else if (news.step) showStep(news.step);
  else append(news.list, news.html);
};
source.onerror = () => {
  follows.textContent = "The lab does not answer: this is the last that it sent.";
};
