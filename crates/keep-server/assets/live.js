// Fetches again what changes, when the ledger has grown. Without this script every page works and is as new
// as its last loading.
"use strict";
(() => {
  const count = document.getElementById("waiting");
  if (!count || !window.EventSource) return;
  const events = new EventSource("/api/v1/events?from=now");
  let pending = false;
  const refresh = async () => {
    pending = false;
    const answer = await fetch("/api/v1/approvals", { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const waiting = (await answer.json()).items.length;
    const title = document.title.replace(/^\(\d+\) /, "");
    document.title = waiting ? `(${waiting}) ${title}` : title;
    count.textContent = waiting;
    count.hidden = !waiting;
    const live = document.getElementById("live");
    if (live && window.htmx && !live.contains(document.activeElement)) {
      window.htmx.ajax("GET", live.dataset.refresh, { target: "#live", select: "#live", swap: "outerHTML" });
    }
  };
  events.addEventListener("record", () => {
    if (pending) return;
    pending = true;
    setTimeout(refresh, 250);
  });
})();
