// What every view does: the keyboard shortcuts that the foot of the page lists, and the note that the lab is gone.

const VIEWS = { v: "/", t: "/try", c: "/code", r: "/request", b: "/benchmarks" };

const isTyping = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;

/// Keys that a view adds: `{ key: action }`. They act when nothing is being typed and no modifier is held.
export const keys = {
  "?": () => {
    const list = document.querySelector("#keys");
    list.open = true;
    list.querySelector("summary").focus();
    list.scrollIntoView({ block: "end" });
  },
};

// When `g` was pressed, in milliseconds; the second key is waited for no longer than this.
let gAt = -Infinity;
const G_PATIENCE = 1_500;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const view = event.timeStamp - gAt < G_PATIENCE && VIEWS[event.key];
  gAt = event.key === "g" ? event.timeStamp : -Infinity;
  const action = view ? () => location.assign(view) : keys[event.key];
  if (!action || event.repeat) return;
  event.preventDefault();
  action();
});

/// Says, or stops saying, that the lab itself does not answer.
export function labAnswers(answers) {
  document.querySelector("#note").hidden = answers;
}
