// fedbridge. Every page works without this; it only makes them quicker. No dependencies, no network.
"use strict";
(() => {
  const one = (selector, in_ = document) => in_.querySelector(selector);
  const all = (selector, in_ = document) => [...in_.querySelectorAll(selector)];
  const say = (text) => { one("#live").textContent = text; };
  document.documentElement.classList.add("js");

  // Times in the reader's own zone; the original stays as the tooltip.
  const clock = (date) => date.toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
  const local = (date, now = new Date()) => {
    if (date.toDateString() === now.toDateString()) return clock(date);
    const day = { weekday: "short", day: "numeric", month: "short" };
    if (date.getFullYear() !== now.getFullYear()) day.year = "numeric";
    return date.toLocaleDateString([], day) + ", " + clock(date);
  };
  for (const time of all("time[datetime]")) {
    time.title = time.textContent;
    time.textContent = local(new Date(time.dateTime));
  }

  // What changes with the clock: until when a choice would last, how long credentials and the session have left.
  const left = (ms) => {
    const s = Math.floor(ms / 1000), two = (n) => String(n).padStart(2, "0");
    if (s >= 3600) return Math.floor(s / 3600) + " h " + two(Math.floor(s / 60) % 60) + " min left";
    return Math.floor(s / 60) + ":" + two(s % 60) + " left";
  };
  const show = (element, text, soon) => {
    if (element.textContent !== text) element.textContent = text;
    element.classList.toggle("soon", soon);
  };
  const tick = () => {
    const now = Date.now();
    for (const e of all("[data-after]")) show(e, "until " + local(new Date(now + e.dataset.after * 1000)), false);
    for (const e of all("[data-countdown]")) {
      const ms = new Date(e.dataset.countdown) - now;
      show(e, ms > 0 ? "· " + left(ms) : "· expired", ms < 300000);
    }
    for (const e of all("[data-session]")) {
      const ms = new Date(one("time", e).dateTime) - now;
      if (ms > 0) { e.classList.toggle("soon", ms < 600000); continue; }
      delete e.dataset.session;
      show(e, "session ended", true);
      say("Your session has ended. Sign in again.");
    }
  };
  if (one("[data-after],[data-countdown],[data-session]")) { tick(); setInterval(tick, 1000); }

  // Search. The index is made at the first need, so that a long page opens at once.
  const q = one("#q"), list = one("#roles");
  let index = null;
  const build = () => {
    const entry = (row, group, head) => {
      const link = handle(row), what = link.matches("summary") ? link : link.parentNode;
      const text = head + " " + what.textContent + " " + (link.pathname || "");
      return { row, group, text: text.toLowerCase() };
    };
    const groups = all("section", list);
    if (!groups.length) return all(".role", list).map((row) => entry(row, null, ""));
    return groups.flatMap((g) => all(".role", g).map((row) => entry(row, g, one("h2", g).textContent)));
  };
  const filter = () => {
    index ||= build();
    const words = q.value.toLowerCase().split(/\s+/).filter(Boolean);
    const alive = new Set();
    let found = 0;
    for (const e of index) {
      const hit = words.every((w) => e.text.includes(w));
      if (e.row.hidden === hit) e.row.hidden = !hit;
      e.row.classList.toggle("first", hit && !found && words.length > 0);
      if (hit) { found++; alive.add(e.group); }
    }
    for (const g of new Set(index.map((e) => e.group))) if (g) g.hidden = !alive.has(g);
    one("#count").textContent = !words.length ? index.length + " roles"
      : found + " of " + index.length + " roles" + (found ? " · Enter opens the first" : "");
    const none = one("#none");
    if (none) none.hidden = found > 0;
  };
  const visible = () => { index ||= build(); return index.filter((e) => !e.row.hidden).map((e) => e.row); };
  const handle = (row) => one("a, summary", row);
  if (q && list) {
    const asked = q.defaultValue; // the server filtered by it: what else there is, only the server knows
    const here = () => q.value.startsWith(asked);
    q.addEventListener("input", () => { if (here()) filter(); });
    q.addEventListener("keydown", (e) => {
      if (e.key === "Escape" && q.value && !e.isComposing) { q.value = asked; filter(); e.preventDefault(); }
    });
    q.form.addEventListener("submit", (e) => { // Enter, or the search key of a phone
      if (!here() || !q.value.trim()) return;
      e.preventDefault();
      const first = visible()[0];
      if (first) handle(first).click(); // the role's page, or its reasons: a slip of the hand gets nobody a role
    });
    document.addEventListener("keydown", (e) => {
      const typing = e.target.closest("input, textarea, select, pre");
      if (e.key === "/" && !typing && !e.ctrlKey && !e.metaKey && !e.altKey) { e.preventDefault(); q.focus(); q.select(); }
      if (e.key !== "ArrowDown" && e.key !== "ArrowUp") return;
      if (e.target !== q && !e.target.closest(".role")) return;
      const rows = visible(), at = rows.indexOf(e.target.closest(".role")) + (e.key === "ArrowDown" ? 1 : -1);
      e.preventDefault();
      if (at < 0) q.focus(); else if (rows[at]) handle(rows[at]).focus();
    });
    if (q.value !== asked) filter(); // the browser brought back what was typed before
  }

  // Secrets are covered until they are asked for; copying doesn't need them shown.
  const secrets = new Map(all(".secret").map((e) => [e, e.textContent]));
  const texts = new Map(all("pre[data-secret]").map((e) => [e.id, e.textContent]));
  const cover = (yes) => {
    for (const [e, text] of secrets) e.textContent = yes ? "•".repeat(Math.min(24, text.length)) : text;
    for (const pre of all("pre[data-secret]")) pre.classList.toggle("masked", yes);
    for (const b of all("[data-show]")) { b.textContent = yes ? "Show" : "Hide"; b.setAttribute("aria-pressed", String(!yes)); }
  };
  if (texts.size) {
    cover(true);
    document.addEventListener("visibilitychange", () => { if (document.hidden) cover(true); });
  }
  const copy = async (button) => {
    const id = button.dataset.copy;
    try {
      await navigator.clipboard.writeText(texts.get(id));
      button.textContent = "Copied";
      say("Copied to the clipboard.");
      setTimeout(() => { button.textContent = "Copy"; }, 2500);
    } catch {
      cover(false);
      getSelection().selectAllChildren(document.getElementById(id));
      say("The browser doesn’t allow copying here. The text is selected: copy it with the keyboard.");
    }
  };
  document.addEventListener("click", (e) => {
    const button = e.target.closest("button");
    if (button?.dataset.copy) copy(button);
    if (button?.dataset.show) cover(button.getAttribute("aria-pressed") === "true");
  });

  // One press, one request: AWS may take a second to answer.
  document.addEventListener("submit", (e) => {
    const pressed = e.submitter;
    if (!pressed || e.target.method !== "post") return;
    if (pressed.classList.contains("busy")) { e.preventDefault(); return; }
    pressed.classList.add("busy");
    setTimeout(() => pressed.classList.remove("busy"), 5000); // a download leaves the page as it is
  });
  addEventListener("pageshow", (e) => {
    // Back after a sign-out shows a page that was kept in memory: ask again who is here.
    if (e.persisted && one("[data-session]")) { location.reload(); return; }
    for (const b of all(".busy")) b.classList.remove("busy");
  });

  // SAML Bindings §3.5.3: the form goes to the identity provider by itself.
  const post = one("form[data-autopost]");
  if (post) HTMLFormElement.prototype.submit.call(post);
})();
