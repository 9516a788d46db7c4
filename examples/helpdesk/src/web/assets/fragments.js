// Fragments of pages: a small part of what htmx does, under the same names, written for this desk.
//
//   hx-get, hx-post   where to ask; on links, buttons, forms, inputs, or any element with a trigger
//   hx-target         a selector of what is replaced; default: the element itself
//   hx-swap           innerHTML (default), outerHTML, beforeend, afterbegin, none
//   hx-trigger        click, submit, change, load, "input delay:300ms"; default: what fits the element
//   hx-push-url       "true" puts the address into the browser's history
//   hx-swap-oob       in an answer: "true" replaces the element with the same id elsewhere
//
// Whatever has these is a real link or form as well and works without this script. Answers run no scripts: the page's
// policy forbids it, and nothing here evaluates anything.
(() => {
  "use strict";
  const running = new WeakMap();

  const triggerOf = (el) => {
    const said = el.getAttribute("hx-trigger");
    if (said) {
      const [event, ...options] = said.trim().split(/\s+/);
      const delay = options.find((it) => it.startsWith("delay:"));
      return { event, delay: delay ? parseFloat(delay.slice(6)) * (delay.endsWith("ms") ? 1 : 1000) : 0 };
    }
    if (el.matches("form")) return { event: "submit", delay: 0 };
    if (el.matches("input, select, textarea")) return { event: "change", delay: 0 };
    return { event: "click", delay: 0 };
  };

  const targetOf = (el) => {
    const selector = el.closest("[hx-target]")?.getAttribute("hx-target");
    if (!selector || selector === "this") return el;
    return document.querySelector(selector);
  };

  // Puts an answer into the page. Returns what is new.
  const swap = (target, html, how) => {
    const answer = new DOMParser().parseFromString(html, "text/html");
    for (const part of answer.querySelectorAll("[hx-swap-oob]")) {
      const there = document.getElementById(part.id);
      part.removeAttribute("hx-swap-oob");
      part.remove();
      if (there) there.replaceWith(document.adoptNode(part));
    }
    const parts = [...answer.body.childNodes].map((it) => document.adoptNode(it));
    if (how === "outerHTML") target.replaceWith(...parts);
    else if (how === "beforeend") target.append(...parts);
    else if (how === "afterbegin") target.prepend(...parts);
    else if (how !== "none") target.replaceChildren(...parts);
    const fresh = parts.filter((it) => it.nodeType === 1);
    for (const part of fresh) settle(part);
    document.dispatchEvent(new CustomEvent("fragment", { detail: { target, fresh } }));
    return fresh;
  };

  const focus = (fresh) => {
    for (const part of fresh) {
      const first = part.matches("[autofocus]") ? part : part.querySelector("[autofocus]");
      if (first) {
        first.focus();
        return;
      }
    }
  };

  const bodyOf = (el, submitter) => {
    const form = el.matches("form") ? el : el.form;
    const fields = form ? new FormData(form) : new FormData();
    if (!form && el.name) fields.append(el.name, el.value);
    if (submitter?.name) fields.append(submitter.name, submitter.value);
    return fields;
  };

  const ask = async (el, submitter) => {
    const posts = el.hasAttribute("hx-post");
    let address = el.getAttribute(posts ? "hx-post" : "hx-get");
    const target = targetOf(el);
    if (!target) return;
    running.get(target)?.abort();
    const stop = new AbortController();
    running.set(target, stop);
    const options = { headers: { "HX-Request": "true" }, signal: stop.signal, credentials: "same-origin" };
    const fields = bodyOf(el, submitter);
    if (posts) {
      options.method = "POST";
      options.body = (el.matches("form") ? el : el.form)?.enctype === "multipart/form-data" ? fields : new URLSearchParams(fields);
    } else if (el.matches("form, input, select, textarea")) {
      const query = new URLSearchParams([...fields].filter(([, value]) => value !== ""));
      address = `${address.split("?")[0]}?${query}`;
    }
    target.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(address, options);
      const html = await answer.text();
      if (stop.signal.aborted) return;
      if (!answer.ok) {
        document.dispatchEvent(new CustomEvent("refused", { detail: { status: answer.status, html, el } }));
        return;
      }
      if (el.getAttribute("hx-push-url") === "true") history.pushState({}, "", answer.redirected ? answer.url : address);
      focus(swap(target, html, el.closest("[hx-swap]")?.getAttribute("hx-swap") ?? "innerHTML"));
    } catch (error) {
      if (error.name !== "AbortError") document.dispatchEvent(new CustomEvent("refused", { detail: { status: 0, html: "", el } }));
    } finally {
      target.removeAttribute("aria-busy");
    }
  };

  const waiting = new WeakMap();
  const fire = (el, submitter) => {
    const { delay } = triggerOf(el);
    clearTimeout(waiting.get(el));
    if (delay === 0) return ask(el, submitter);
    waiting.set(el, setTimeout(() => ask(el, submitter), delay));
  };

  // What asks as soon as it is there.
  const settle = (root) => {
    const all = [root, ...root.querySelectorAll("[hx-trigger^=load]")];
    for (const el of all) if (el.matches?.("[hx-trigger^=load]")) ask(el);
  };

  const active = (event, name) => {
    const el = event.target.closest?.("[hx-get], [hx-post]");
    return el && triggerOf(el).event === name ? el : null;
  };

  addEventListener("click", (event) => {
    // A new tab or window stays one.
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const el = active(event, "click");
    if (!el) return;
    event.preventDefault();
    fire(el, el);
  });
  addEventListener("submit", (event) => {
    const el = active(event, "submit");
    if (!el || event.defaultPrevented) return;
    event.preventDefault();
    fire(el, event.submitter);
  });
  for (const name of ["input", "change"]) {
    addEventListener(name, (event) => {
      const el = active(event, name);
      if (el) fire(el);
    });
  }
  addEventListener("popstate", () => location.reload());

  window.fragments = { swap, ask };
  document.documentElement.classList.add("scripted");
  settle(document.documentElement);
})();
