// Follows a variant's log. The server sends the last lines again at each connection, so the list begins anew with it.

const LINES_MAX = 2_000;

const lines = document.querySelector("#lines");
const live = document.querySelector("#live");
const empty = document.querySelector("#empty");
const source = new EventSource(lines.dataset.follow);

source.onopen = () => {
  lines.replaceChildren();
  live.textContent = "New lines appear by themselves.";
};
source.onerror = () => {
  live.textContent = "The lab does not answer: these are the last lines that it sent.";
};
source.onmessage = ({ data }) => {
  const { level, text } = JSON.parse(data);
  const atEnd = lines.scrollTop + lines.clientHeight >= lines.scrollHeight - 8;
  const line = document.createElement("p");
  line.dataset.level = level;
  line.textContent = text;
  lines.append(line);
  if (lines.childElementCount > LINES_MAX) lines.firstElementChild.remove();
  // Whoever has scrolled up to read stays there.
  if (atEnd) lines.scrollTop = lines.scrollHeight;
  empty.hidden = true;
};
lines.scrollTop = lines.scrollHeight;
