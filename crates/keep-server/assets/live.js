// What changes is fetched again, what runs is shown as it speaks, and promises are checked one by one. Without this
// script every page works and is as new as its last loading.
"use strict";
(() => {
  const count = document.getElementById("waiting");
  if (!count || !window.EventSource) return;
  // Where the pages are a strip, the one that is open is in sight.
  document.querySelector("header nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

  // The count of what waits, in the title, and the part of a page that says where it comes from.
  let events = null;
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
    if (live?.dataset.refresh && window.htmx && !live.contains(document.activeElement)) {
      // What somebody folded or unfolded stays so.
      const folds = [...live.querySelectorAll("details[id]")].map((one) => [one.id, one.open]);
      await window.htmx.ajax("GET", live.dataset.refresh, { target: "#live", select: "#live", swap: "outerHTML" });
      for (const [id, open] of folds) {
        const fold = document.getElementById(id);
        if (fold) fold.open = open;
      }
    }
  };

  // While the server cannot be reached, the page says since when it is as old as that.
  const bar = document.createElement("p");
  bar.className = "notice bad lost";
  bar.setAttribute("role", "status");
  bar.hidden = true;
  document.getElementById("main").prepend(bar);
  let since = null;
  const lost = (text) => {
    since ??= new Date().toISOString().slice(11, 16);
    bar.textContent = text(since);
    bar.hidden = false;
  };
  const why = async () => {
    // A server that was started anew knows neither this name nor this session.
    const status = await fetch("/api/v1/status").then((answer) => answer.status, () => 0);
    if (status === 403) {
      lost(() => "Keep was started anew: keep open in your terminal prints where the dashboard is now. What stands here is from before.");
    } else if (status === 401) {
      lost(() => "You are not signed in any more. Load the page again to sign in; what stands here is from before.");
    } else if (status === 0) {
      lost((time) => `No connection to Keep since ${time} UTC. What stands here is from then.`);
    }
    return status;
  };
  const watch = () => {
    events = new EventSource("/api/v1/events?from=now");
    events.addEventListener("record", soon);
    events.addEventListener("open", () => {
      if (!since) return;
      since = null;
      bar.hidden = true;
      refresh();
    });
    events.addEventListener("error", async () => {
      const closed = events.readyState === EventSource.CLOSED;
      const status = await why();
      // What a browser gives up for good is tried again while it may come back.
      if (closed && status !== 403 && status !== 401) setTimeout(watch, 5000);
    });
  };
  const soon = () => {
    if (pending) return;
    pending = true;
    setTimeout(refresh, 400);
  };
  watch();

  // An hour of output stays scrollable: what is far above goes, and is on record when the run has ended.
  const LINES = 5000;
  const output = document.getElementById("output");
  if (output) {
    const following = document.getElementById("following");
    const said = new EventSource(output.dataset.live);
    following.textContent = "Following it.";
    output.scrollTop = output.scrollHeight;
    said.addEventListener("said", (event) => {
      document.getElementById("withheld")?.remove();
      const below = output.scrollHeight - output.scrollTop - output.clientHeight < 40;
      output.append(event.data);
      let over = output.textContent.split("\n").length - LINES;
      if (over > LINES / 10) output.textContent = output.textContent.split("\n").slice(over).join("\n");
      if (below) output.scrollTop = output.scrollHeight;
    });
    said.addEventListener("over", () => {
      said.close();
      location.reload();
    });
  }

  const attest = document.getElementById("attest");
  attest?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const told = document.getElementById("checked");
    const rows = [...document.querySelectorAll("tr[data-check]")];
    const button = attest.querySelector("button");
    const body = new URLSearchParams(new FormData(attest));
    button.disabled = true;
    let broken = 0;
    for (const [n, row] of rows.entries()) {
      told.textContent = `${n + 1} of ${rows.length}`;
      const answer = await fetch(row.dataset.check, { method: "POST", body });
      if (!answer.ok) {
        told.textContent = `The check of ${row.id.slice(8)} could not be run.`;
        button.disabled = false;
        return;
      }
      const text = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = text.querySelector("tr");
      if (fresh.querySelector(".badge.bad")) broken += 1;
      row.replaceWith(document.adoptNode(fresh));
    }
    told.textContent = broken ? `${broken} broken` : "Every promise that can be checked here holds.";
    button.disabled = false;
  });
})();
