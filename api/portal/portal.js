"use strict";
const said = document.getElementById("said");
const button = document.getElementById("go");
const token = location.hash.slice(1) || new URLSearchParams(location.search).get("token") || "";
history.replaceState(null, "", location.pathname); // so that the token is in no history

button.addEventListener("click", async () => {
  button.disabled = true;
  const answer = await fetch("/v1/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ portal_token: token || "none" }),
  }).catch(() => null);
  if (answer && answer.ok) {
    location.replace("/");
  } else if (answer && answer.status === 401) {
    said.textContent = "This link is over. It was used before, or too much time has passed. Go back to where you got it and ask for a new one.";
    button.hidden = true;
  } else {
    said.textContent = "That did not work. Try again in a moment.";
    button.disabled = false;
  }
});
