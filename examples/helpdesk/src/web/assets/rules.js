// How far a replay is, as its stream tells; when it ends, the page is loaded again and shows what came of it.
(() => {
  "use strict";
  const running = document.querySelector("[data-replay]");
  if (!running) return;
  const stream = new EventSource(running.dataset.replay);
  stream.onmessage = (event) => {
    const news = JSON.parse(event.data);
    if (!news.runs) {
      stream.close();
      return location.reload();
    }
    const bar = running.querySelector("progress");
    bar.value = Math.max(bar.value, news.share);
    running.querySelector("[data-share]").textContent = Math.floor(bar.value / 10);
    running.querySelector("[data-messages]").textContent = news.messages;
  };
})();

// The order of rules, by drag and by arrow keys on their handles. Each move is saved at once, one after the other; what
// comes back is the list as it is then, with its warnings. Without this script there are buttons.
(() => {
  "use strict";
  const place = document.getElementById("rules");
  if (!place?.dataset.rules) return;
  const rows = () => [...place.querySelectorAll("[data-rule]")];
  const say = (words) => (document.getElementById("said").textContent = words);
  let moves = Promise.resolve();

  const save = (row, focus) => {
    const id = row.dataset.rule;
    // The last one of a page stands before the first one of the next.
    const before = row.nextElementSibling?.dataset.rule ?? row.parentNode.dataset.after;
    moves = moves.then(async () => {
      const revision = place.querySelector("[data-revision]").dataset.revision;
      const answer = await fetch(place.dataset.rules, {
        method: "POST",
        body: new URLSearchParams({ rule: id, before, revision }),
        headers: { "HX-Request": "true" },
        credentials: "same-origin",
      });
      const html = await answer.text();
      if (!answer.ok) return document.dispatchEvent(new CustomEvent("refused", { detail: { status: answer.status, html } }));
      window.fragments.swap(place, html, "innerHTML");
      const moved = rows().find((it) => it.dataset.rule === id);
      if (focus) moved?.querySelector(".handle").focus();
      if (place.querySelector("[role=alert]")) return say("Not moved");
      say(`Now rule ${parseInt(moved.querySelector(".place").textContent, 10)}`);
    }).catch(() => say("The desk cannot be reached. Load the page again to see the order that is saved."));
  };

  place.addEventListener("keydown", (event) => {
    const row = event.target.closest(".handle")?.closest("[data-rule]");
    if (!row || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    const other = event.key === "ArrowUp" ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return;
    event.key === "ArrowUp" ? other.before(row) : other.after(row);
    event.target.focus();
    save(row, true);
  });

  place.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest(".handle");
    if (!handle || event.button) return;
    const row = handle.closest("[data-rule]");
    const was = row.nextElementSibling;
    event.preventDefault();
    handle.focus();
    row.classList.add("dragged");
    const move = (moved) => {
      const { clientY: y } = moved;
      const above = rows().find((it) => it !== row && y < it.getBoundingClientRect().top + it.offsetHeight / 2);
      if (above) {
        if (row.nextElementSibling !== above) above.before(row);
      } else if (row.nextElementSibling) row.parentNode.append(row);
      if (y < 60) scrollBy(0, -12);
      if (y > innerHeight - 60) scrollBy(0, 12);
    };
    const end = (ended) => {
      removeEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) removeEventListener(name, end);
      row.classList.remove("dragged");
      if (ended.type === "pointercancel") return row.parentNode.insertBefore(row, was);
      if (row.nextElementSibling !== was) save(row, false);
    };
    // A row that is moved in the page loses what it has captured: so the window listens.
    addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, end);
  });
})();
