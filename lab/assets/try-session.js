// What this tab remembers: who is signed in, and the requests that were sent. `sessionStorage` ends with the tab.

const get = (key) => {
  try {
    return JSON.parse(sessionStorage.getItem(key));
  } catch {
    return null;
  }
};

const who = document.querySelector("#sign-in");
const error = document.querySelector("#sign-in-error");
const request = document.querySelector("#request");

/// `{ email, token }`, or null.
export const identity = () => get("identity");

/// Whether the request carries the token of whoever signed in.
export const carriesToken = () => request.dataset.withToken === "true";

function show() {
  const identity = get("identity");
  document.documentElement.toggleAttribute("data-signed-in", identity !== null);
  document.querySelector("#whom").textContent = identity?.email ?? "";
  const of = document.querySelector("#token-of");
  if (of && identity) of.textContent = identity.email;
}

who.addEventListener("click", (event) => {
  const email = event.target.dataset.email;
  if (!email) return;
  who.querySelector("#email").value = email;
  who.querySelector("#password").focus();
});

who.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = who.querySelector("button:not([type])");
  const [email, password] = ["#email", "#password"].map((name) => who.querySelector(name).value);
  button.disabled = true;
  error.textContent = "";
  try {
    const response = await fetch("/try/sign-in", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ email, password }),
    });
    const outcome = await response.json();
    if (outcome.token) {
      sessionStorage.setItem("identity", JSON.stringify({ email, token: outcome.token }));
      who.querySelector("#password").value = "";
      show();
      document.querySelector("#sign-out").focus();
    } else error.textContent = outcome.error;
  } catch {
    error.textContent = "The lab does not answer: it was stopped, or is starting again.";
  }
  button.disabled = false;
});

document.querySelector("#sign-out").addEventListener("click", () => {
  sessionStorage.removeItem("identity");
  show();
  who.querySelector("#password").focus();
});

const LENGTH = 30;
const history = document.querySelector("#history");
const list = history.querySelector("ol");

function showHistory() {
  const entries = get("requests") ?? [];
  history.querySelector("#history-count").textContent = entries.length;
  list.replaceChildren(
    ...entries.map((entry) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "quiet";
      button.dataset.address = entry.address;
      button.textContent = `${entry.time}  ${entry.method} ${entry.path}  ${entry.statuses}`;
      item.append(button);
      return item;
    }),
  );
}

/// Remembers a request: `{ address, method, path, statuses }`.
export function remember(entry) {
  const time = new Date().toLocaleTimeString("en-GB");
  const entries = [{ ...entry, time }, ...(get("requests") ?? [])].slice(0, LENGTH);
  try {
    sessionStorage.setItem("requests", JSON.stringify(entries));
  } catch {
    // No room is left: the newest is worth more than all the others.
    sessionStorage.setItem("requests", JSON.stringify(entries.slice(0, 1)));
  }
  showHistory();
}

history.querySelector("#clear").addEventListener("click", () => {
  sessionStorage.removeItem("requests");
  showHistory();
});

show();
showHistory();
