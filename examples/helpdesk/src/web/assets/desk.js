// The desk's own behaviour: keys, drafts, frames that fit their mail, live updates. Everything works without it, more
// slowly. Nothing here makes HTML of text that came with an event: events only say what to fetch again.
(() => {
  "use strict";
  const base = document.body.dataset.base ?? "";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const said = $("#said");
  let hush;
  const say = (words, stays) => {
    said.textContent = words;
    clearTimeout(hush);
    if (!stays) hush = setTimeout(() => (said.textContent = ""), 5000);
  };
  const fetched = async (address) => {
    const answer = await fetch(address, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
    if (answer.status === 401) say("You are signed out. Sign in in another tab, then go on here; drafts are kept.", true);
    return answer.ok ? answer.text() : null;
  };

  // ---- Small things ----
  addEventListener("change", (event) => {
    if (event.target.matches("select[data-send]")) event.target.form.requestSubmit();
    if (event.target.matches("input[type=file]") && event.target.files.length) {
      const form = event.target.form;
      const attach = $("button[value=attach]", form);
      if (attach) form.requestSubmit(attach);
    }
    if (event.target.matches(".ticket input[type=checkbox]")) countChosen();
    const row = event.target.closest("table.rights tr");
    if (row) together(row, event.target);
  });
  // A preset ticks its rights; a tick chooses the preset that has just these, or "as ticked".
  const presets = { none: "", list: "list", read: "list read", edit: "list read edit", full: "list read edit delete" };
  const together = (row, changed) => {
    const preset = $("select[data-preset]", row);
    const ticks = $$("input[type=checkbox]", row);
    if (!preset || !ticks.length) return;
    if (changed === preset) {
      const rights = presets[preset.value]?.split(" ");
      if (rights) for (const tick of ticks) tick.checked = rights.includes(tick.value);
      return;
    }
    const ticked = ticks.filter((tick) => tick.checked).map((tick) => tick.value).join(" ");
    preset.value = Object.keys(presets).find((name) => presets[name] === ticked) ?? "single";
  };
  const countChosen = () => {
    const number = $$(".ticket input:checked").length;
    for (const place of $$(".bulk .chosen")) place.textContent = number ? `${number} chosen` : "";
  };
  addEventListener("click", (event) => {
    if (event.target.matches("[data-close]")) {
      event.preventDefault();
      location.assign(location.pathname);
    }
    if (event.target.matches("[data-discard]") && $("[data-words]")?.value.trim() && !confirm("Throw this draft away?")) event.preventDefault();
  });
  document.addEventListener("refused", (event) => {
    const words = new DOMParser().parseFromString(event.detail.html, "text/html").body.textContent.trim().replace(/\s+/g, " ");
    say(words || "The desk cannot be reached. Nothing was changed; try again.", true);
  });

  // ---- Times: in the time zone of this device, unless its owner wants UTC ----
  const zoned = (root) => {
    if (document.body.dataset.times === "utc") return;
    const words = new Intl.DateTimeFormat(document.documentElement.lang, { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
    for (const time of $$("time[datetime]", root)) {
      const at = new Date(time.dateTime);
      if (!Number.isNaN(at.getTime())) time.title = words.format(at);
    }
  };
  zoned(document);
  document.addEventListener("fragment", () => zoned(document));

  // ---- A time to come: chosen in the time zone of this device, told in UTC ----
  const utc = document.body.dataset.times === "utc";
  const local = (at) => new Date(at - (utc ? 0 : new Date(at).getTimezoneOffset() * 60000)).toISOString().slice(0, 16);
  const tell = (field) => {
    const hidden = $("input[name=later_utc]", field.form);
    const at = field.value ? (utc ? Date.parse(`${field.value}Z`) : new Date(field.value).getTime()) : NaN;
    hidden.value = Number.isNaN(at) ? "" : at;
    const send = $("[data-says]", field.form);
    const words = new Intl.DateTimeFormat(document.documentElement.lang, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", ...(utc && { timeZone: "UTC", timeZoneName: "short" }) });
    if (send) send.textContent = Number.isNaN(at) || send.dataset.says !== "Send" ? send.dataset.says : `Send on ${words.format(at)}`;
  };
  const later = (root) => {
    for (const field of $$("input[name=later]", root)) {
      if (field.dataset.utc) field.value = local(Number(field.dataset.utc));
      if (field.value) tell(field);
    }
    if (!utc) {
      const words = new Intl.DateTimeFormat(document.documentElement.lang, { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
      for (const time of $$("time[data-local]", root)) time.textContent = words.format(new Date(time.dateTime));
    }
  };
  addEventListener("input", (event) => event.target.name === "later" && tell(event.target));
  addEventListener("click", (event) => {
    const preset = event.target.closest("[data-later]");
    if (!preset) return;
    const field = $("input[name=later]", preset.closest("form"));
    const day = new Date();
    const days = preset.dataset.later === "monday" ? (8 - day.getDay()) % 7 || 7 : 1;
    day.setDate(day.getDate() + days);
    day.setHours(9, 0, 0, 0);
    field.value = preset.dataset.later ? local(utc ? Date.UTC(day.getFullYear(), day.getMonth(), day.getDate(), 9) : day.getTime()) : "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  // Of a new ticket: only addresses of its ticketbox.
  const senders = (chosen) => {
    const from = $("select[name=from]", chosen.form);
    for (const group of $$("optgroup", from)) group.hidden = group.disabled = group.dataset.ticketbox !== chosen.value;
    if (from.selectedOptions[0]?.parentElement.disabled) from.value = "";
  };
  addEventListener("change", (event) => event.target.matches("select[data-from]") && senders(event.target));
  $$("select[data-from]").forEach(senders);
  // The signature stands where it will stand.
  addEventListener("change", (event) => {
    if (event.target.name !== "signature") return;
    const text = event.target.selectedOptions[0].dataset.text ?? "";
    const below = $("[data-below]", event.target.form);
    if (!below) return;
    below.hidden = !text;
    $("[data-signature]", below).textContent = text;
  });
  later(document);
  document.addEventListener("fragment", (event) => event.detail.fresh.forEach(later));

  // ---- Mail in frames: as high as it is ----
  const fit = (frame) => {
    try {
      const page = frame.contentDocument?.documentElement;
      if (page?.scrollHeight) frame.style.height = `${Math.min(page.scrollHeight + 2, 20000)}px`;
    } catch { /* A frame that went elsewhere keeps its height. */ }
  };
  document.addEventListener("load", (event) => {
    if (!event.target.matches?.("iframe.mail")) return;
    fit(event.target);
    for (const image of event.target.contentDocument?.images ?? []) image.addEventListener("load", () => fit(event.target));
  }, true);
  addEventListener("resize", () => $$("iframe.mail").forEach(fit));
  for (const frame of $$("iframe.mail")) fit(frame);

  // ---- Drafts: in the browser at once, on the server two seconds after a pause ----
  const keyOf = (form) => `draft ${form.dataset.draft}`;
  let pause;
  const save = async (form) => {
    const fields = new FormData(form);
    fields.delete("file");
    fields.set("action", "save");
    const place = $("[data-saved]", form);
    try {
      // Its buttons are called `action`, so the property is them.
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body: fields, headers: { "HX-Request": "true" }, credentials: "same-origin" });
      if (answer.status === 503) {
        const retry = Number(answer.headers.get("Retry-After"));
        place.textContent = `Saved in this browser only; the desk ${retry > 1 ? "can only be read from here just now" : "is busy"}`;
        return;
      }
      if (!answer.ok) throw new Error(answer.status);
      place.textContent = new DOMParser().parseFromString(await answer.text(), "text/html").body.textContent;
      sessionStorage.removeItem(keyOf(form));
    } catch {
      place.textContent = "Saved in this browser only; the desk cannot be reached";
    }
  };
  addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form?.dataset.draft) return;
    const words = $("[data-words]", form).value;
    try { sessionStorage.setItem(keyOf(form), words); } catch { /* Full: the server has it in two seconds. */ }
    clearTimeout(pause);
    pause = setTimeout(() => save(form), 2000);
  });
  addEventListener("submit", (event) => {
    if (event.target.dataset?.draft) {
      clearTimeout(pause);
      sessionStorage.removeItem(keyOf(event.target));
    }
  });
  const restore = () => {
    for (const form of $$("form[data-draft]")) {
      const kept = sessionStorage.getItem(keyOf(form));
      const words = $("[data-words]", form);
      if (kept && kept !== words.value) {
        words.value = kept;
        $("[data-saved]", form).textContent = "Restored from this browser";
      }
    }
  };

  // ---- Lists: where the keys are ----
  const rows = () => $$(".ticket");
  let at = -1;
  const go = (to) => {
    const all = rows();
    if (!all.length) return;
    at = Math.max(0, Math.min(to, all.length - 1));
    all.forEach((row, place) => row.classList.toggle("at", place === at));
    $("a", all[at]).focus({ preventScroll: true });
    all[at].scrollIntoView({ block: "nearest" });
  };
  addEventListener("focusin", (event) => {
    const row = event.target.closest?.(".ticket");
    if (row) {
      at = rows().indexOf(row);
      rows().forEach((it) => it.classList.toggle("at", it === row));
    }
  });
  if ($("#list")) sessionStorage.setItem("list", location.pathname + location.search);

  // ---- Keys ----
  const sheet = () => {
    const keys = [
      ["j / k", "next, previous ticket in the list"], ["o or Enter", "open it"], ["x", "choose it"], ["u", "back to the list"],
      ["r / a / f / n", "reply, reply to all, forward (the message that has the focus, else the last one), note"], ["Ctrl+Enter", "send"], ["c", "close or reopen"], ["t", "take"],
      ["w", "new ticket"], ["z", "undo"], ["e", "hide or show events"], ["/", "search"], ["g then m, o, d, w, q, c", "my tickets, all open, drafts, waiting to be sent, approval queue, contacts"],
      ["a / r / c", "in the approval queue: release, return, the whole conversation"],
      ["Esc", "leave the field; nothing is lost"], ["?", "this sheet"],
    ];
    let dialog = $("#keys");
    if (!dialog) {
      dialog = document.createElement("dialog");
      dialog.id = "keys";
      const list = document.createElement("dl");
      for (const [key, does] of keys) {
        const [term, words] = [document.createElement("dt"), document.createElement("dd")];
        term.textContent = key;
        words.textContent = does;
        list.append(term, words);
      }
      const heading = document.createElement("h2");
      heading.textContent = "Keys";
      const label = document.createElement("label");
      const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: keysOn() });
      box.addEventListener("change", () => localStorage.setItem("keys", box.checked ? "on" : "off"));
      label.append(box, " Single keys do something");
      dialog.append(heading, list, label);
      document.body.append(dialog);
    }
    dialog.open ? dialog.close() : dialog.showModal();
  };
  const keysOn = () => localStorage.getItem("keys") !== "off";
  let afterG = 0;
  const places = { m: "/tickets/mine", o: "/tickets/open", d: "/drafts", w: "/waiting", q: "/approvals", a: "/alerts", c: "/contacts" };
  addEventListener("keydown", (event) => {
    const field = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const button = event.target.form && $("[data-send-key]", event.target.form);
      if (button) {
        event.preventDefault();
        event.target.form.requestSubmit(button);
      }
      return;
    }
    if (event.key === "Escape" && field) return field.blur();
    if (field || event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
    if (event.key === "?") return sheet();
    if (!keysOn()) return;
    const { key } = event;
    if (afterG > Date.now() && places[key]) {
      event.preventDefault();
      return location.assign(base + places[key]);
    }
    afterG = key === "g" ? Date.now() + 1500 : 0;
    if (key === "j" || key === "k") {
      if (rows().length) {
        event.preventDefault();
        go(at + (key === "j" ? 1 : -1));
      }
      return;
    }
    if (key === "o" && at >= 0) return $("a", rows()[at])?.click();
    if (key === "x" && at >= 0) return $("input", rows()[at])?.click();
    if (key === "e") return document.body.classList.toggle("no-events");
    if (key === "u" && $(".desk")) return location.assign(sessionStorage.getItem("list") ?? $("[data-key=u]").href);
    const here = event.target.closest("details.message");
    const inHere = here && $(`[data-key-here="${CSS.escape(key)}"]`, here);
    const wanted = inHere ?? $$(`[data-key="${CSS.escape(key)}"]`).find((it) => it.checkVisibility());
    if (!wanted) return;
    event.preventDefault();
    wanted.matches("input") ? (wanted.focus(), wanted.select()) : wanted.click();
  });

  // ---- Live: events say what changed, the page fetches it again with its own rights ----
  const ticket = $("#passages");
  // New parts of a conversation come in, changed ones are replaced; nothing that is open is touched.
  const merge = (html) => {
    const fresh = $("#passages", new DOMParser().parseFromString(html, "text/html"));
    if (!fresh) return;
    const place = $("#passages");
    let added = 0;
    for (const part of [...fresh.children]) {
      if (!part.id || part.id === "unread") continue;
      const known = document.getElementById(part.id);
      if (!known) {
        place.append(document.adoptNode(part));
        added += 1;
      } else if ((known.dataset.version ?? "") !== (part.dataset.version ?? "")) {
        const open = known.open;
        known.replaceWith(document.adoptNode(part));
        part.open = open;
      }
    }
    if (added) say(added === 1 ? "Something new came in" : `${added} new`);
    document.dispatchEvent(new CustomEvent("fragment", { detail: { target: place, fresh: [] } }));
  };
  let newer = new Set();
  const changed = async (news) => {
    if (news.menu) {
      const html = await fetched(`${base}/menu?here=${encodeURIComponent($(".menu [aria-current]")?.getAttribute("href") ?? "")}`);
      if (html !== null) window.fragments.swap($("#menu"), html, "innerHTML");
    }
    if (ticket && (news.lost || news.tickets.includes(Number(ticket.dataset.number)))) {
      const html = await fetched(location.pathname);
      if (html !== null) merge(html);
    }
    if ($("[data-live=alerts]") && (news.alerts || news.lost)) return location.reload();
    const queue = $("[data-live=approvals]");
    if (queue && (news.approvals || news.lost || news.tickets.length)) {
      if ("whole" in queue.dataset) return news.approvals || news.lost ? location.reload() : undefined;
      const html = await fetched(queue.dataset.from);
      if (html !== null) window.fragments.swap($("#queue"), html, "innerHTML");
      $(".to-approve").classList.toggle("decided", !$("#standing form"));
    }
    const whole = $("[data-live=whole]");
    if (whole && (news.lost || news.tickets.length) && !whole.contains(document.activeElement)) location.reload();
    const list = $("#list");
    if (list && (news.lost || news.rows.length)) {
      news.rows.forEach((number) => newer.add(number));
      const bar = $("#news");
      if (bar) {
        bar.hidden = false;
        $("span", bar).textContent = newer.size ? `${newer.size} new or changed` : "Something changed";
      }
    }
  };

  // One stream for all tabs of this browser where tabs can agree on who has it; else one a tab.
  const channel = "BroadcastChannel" in window ? new BroadcastChannel(`mailflow ${base}`) : null;
  let last = Date.now();
  let losing = 0;
  let heard = false;
  const take = (message) => {
    last = Date.now();
    heard = true;
    clearTimeout(losing);
    losing = 0;
    if (said.dataset.dead) {
      delete said.dataset.dead;
      say("Live again");
    }
    if (message) changed(message);
  };
  // Most interruptions are over before anybody needs to know of them.
  const lose = () => {
    losing ||= setTimeout(() => {
      said.dataset.dead = "yes";
      say("Reconnecting", true);
    }, 3000);
  };
  const listen = () => {
    const stream = new EventSource(`${base}/live`);
    const tell = (message) => {
      take(message);
      channel?.postMessage(message);
    };
    stream.onmessage = (event) => tell(JSON.parse(event.data));
    stream.addEventListener("beat", () => tell(null));
    // What happened between two streams nobody has told.
    stream.onopen = () => {
      if (heard) tell({ tickets: [], rows: [], menu: true, approvals: false, lost: true });
    };
    // The browser tries again by itself, except after a refusal: then the session is over.
    stream.onerror = () => {
      lose();
      if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 10000);
    };
    return new Promise(() => {});
  };
  if (channel) channel.onmessage = (event) => take(event.data);
  if (channel && navigator.locks) navigator.locks.request(`mailflow ${base}`, listen);
  else listen();
  setInterval(() => {
    if (Date.now() - last > 45000 && !said.dataset.dead) {
      said.dataset.dead = "yes";
      say("Not live — retrying", true);
    }
  }, 5000);

  // ---- At the beginning ----
  document.addEventListener("fragment", () => {
    $$("iframe.mail").forEach(fit);
    restore();
  });
  restore();
  // Times in the agent's own zone, beside what the server wrote.
  for (const time of $$("time[datetime]")) time.title = new Date(time.dateTime).toLocaleString();
  if ($("#unread") && !location.hash) $("#unread").scrollIntoView({ block: "start" });
})();
