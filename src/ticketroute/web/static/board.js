"use strict";
const $ = (id) => document.getElementById(id);
// Text only: nothing from the desk is read as HTML. Marks that turn text around are shown as numbers.
const text = (value) => String(value).replace(/[\0-\t\v-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
  (c) => "\\u" + c.codePointAt(0).toString(16).padStart(4, "0"));
const el = (tag, ...parts) => {
  const [name, kind] = tag.split("."), made = document.createElement(name);
  if (kind) made.className = kind;
  made.append(...parts.flat().map((part) => part instanceof Node ? part : text(part)));
  return made;
};
const table = (heads, rows) => el("table", el("thead", el("tr", heads.map((head) => el("th", head)))),
  el("tbody", rows.map((row) => el("tr", row.map((cell) => cell.tagName === "TH" ? cell : el("td", cell))))));
let skew = 0, page = 0, heard = Date.now(), last, opened;
const drawn = {};

const span = (ms) => {
  const s = Math.max(0, Math.round(ms / 1000)), m = Math.floor(s / 60), h = Math.floor(m / 60);
  if (h > 47) return Math.floor(h / 24) + " d " + h % 24 + " h";
  return h ? h + " h " + m % 60 + " min" : m ? m + " min" : s + " s";
};
const moment = (at, due) => {
  const made = el("time");
  made.dataset[due ? "due" : "since"] = at;
  return made;
};
const tick = () => document.querySelectorAll("time").forEach((each) => {
  const { due, since } = each.dataset, ms = Date.now() - skew - (due || since), late = due && ms > 0;
  const said = late ? span(ms) + " late" : span(Math.abs(ms));
  each.className = late ? "bad" : "";
  if (each.textContent !== said) each.textContent = said;
});
const press = (label, key, does) => {
  const made = el("button", label);
  made.dataset.key = key;
  made.onclick = does;
  return made;
};
const ticket = (id, where) => press(el("bdi", id), where + id, () => explain(id, where + id));
const tickets = (ids, where) => ids.map((id) => ticket(id, where));

const percent = (share) => share === null ? "–" : Math.round(100 * share) + " %";
const wait = (ms) => ms === null ? "–" : span(ms);
const FIGURES = { came: text, answered: text, abandoned: text, resolved: text, service_level: percent, median_wait: wait };
const queue = (q) => {
  const big = [["waiting", q.waiting], ["longest", q.oldest === null ? "–" : moment(q.oldest)],
    ["available", q.available + " of " + q.members], ["free units", q.free]];
  const made = el("div.card", el("h3", el("bdi", q.name)), el("dl", big.map(([label, value]) => el("div", el("dt", label), el("dd", value)))));
  if (q.waiting && q.with_room) made.append(el("p.note", "Waiting although ", q.with_room, q.with_room > 1 ? " agents have" : " agent has", " room: ", q.why));
  else if (q.waiting) made.append(el("p", "Why: ", q.why));
  if (q.next.length) {
    made.append(el("ol", q.next.map((t) => el("li", ticket(t.ticket, "q"), t.priority, ", ", moment(t.since), ", " + t.why))));
    if (q.waiting > q.next.length) made.append(el("p", "and ", q.waiting - q.next.length, " more"));
  }
  const days = q.week_before ? [q.today, q.week_before] : [q.today];
  const day = table(["figure", "today", "a week ago by now"].slice(0, days.length + 1),
    Object.entries(FIGURES).map(([key, show]) => [el("th", key.replace("_", " ")), ...days.map((figures) => show(figures[key]))]));
  day.prepend(el("caption", "Tickets that came today"));
  made.append(day);
  return made;
};
const dues = (p) => p.due.length ? el("div.card", p.clocks_late, " late of ", p.clocks_open, " open", table(["left", "ticket", "promise", "queue"],
  p.due.map((d) => [moment(d.due, true), ticket(d.ticket, "d"), d.metric.replaceAll("_", " "), el("bdi", d.queue)]))) : "Nothing is due.";
const bar = (share) => {
  const [svg, full] = ["svg", "rect"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  svg.ariaHidden = "true";
  full.setAttribute("width", Math.min(1, share) * 100 + "%");
  full.setAttribute("height", "100%");
  svg.append(full);
  return svg;
};
const staff = (a) => {
  const turn = (label, to) => to < 0 || to >= a.pages ? "" : press(label, label, () => { page = to; agents(); });
  return el("div.card", a.total, " agents ", turn("previous page", a.page - 1), turn("next page", a.page + 1),
    table(["agent", "state", "load", "tickets"], a.shown.map((g) => [el("th", el("bdi", g.name)),
      g.reason ? g.state + ": " + g.reason : g.state, [g.load + " of " + g.capacity, bar(g.load / g.capacity)],
      [tickets(g.tickets, "a"), g.more ? "and " + g.more + " more" : "", g.ringing.length ? "asked: " : "", tickets(g.ringing, "r")].flat()])));
};

// Redraws what changed, and gives the focus back to the button that had it.
const draw = (id, value, make) => {
  const said = JSON.stringify(value), key = document.activeElement.dataset.key;
  if (drawn[id] === said) return;
  drawn[id] = said;
  $(id).replaceChildren(...[make(value)].flat());
  if (key) focus(key);
  tick();
};
const focus = (key) => [...document.querySelectorAll("[data-key]")].find((each) => each.dataset.key === key)?.focus();
const get = async (path) => { try { return await fetch(path); } catch { return { text: () => "No connection" }; } };
const agents = async () => {
  const answer = page && await get("agents.json?page=" + page);
  if (!page) draw("agents", last.agents, staff);
  else if (answer.ok) draw("agents", await answer.json(), staff);
};
const show = (p) => {
  heard = Date.now();
  skew = heard - p.at;
  last = p;
  draw("queues", p.queues, (queues) => queues.length ? queues.map(queue) : "There is no queue.");
  draw("due", { due: p.due, clocks_late: p.clocks_late, clocks_open: p.clocks_open }, dues);
  agents();
};
// A screen reader says it aloud, so that it changes only when there is news.
const news = () => {
  const old = ": these figures are old", said = Date.now() - heard > 15000 ? "No connection" + old : !last ? "Loading"
    : last.stale ? "The desk's database does not answer" + old : last.timers_late_since ? "Timers are late: no process runs the desk" : "Live";
  if ($("news").textContent !== said) $("news").textContent = said;
  $("news").className = said === "Live" ? "soft" : "bad";
};
const explain = async (id, key) => {
  opened = key;
  $("whose").replaceChildren("Ticket ", el("bdi", id));
  $("text").textContent = "";
  if (!$("why").open) $("why").showModal();
  const answer = await get("tickets/" + encodeURIComponent(id) + ".json");
  $("text").textContent = text(answer.ok ? (await answer.json()).text : await answer.text());
};
$("why").onclose = () => focus(opened);

// A browser has few connections for all its tabs, so that a hidden board lets go of its stream.
// Where a server has no streams, the browser gives up for good, and the board asks by itself.
let stream;
const listen = () => {
  if (document.hidden || stream?.readyState < 2) return;
  stream = new EventSource("events");
  stream.onopen = () => { heard = Date.now(); };
  stream.onmessage = (event) => show(JSON.parse(event.data));
  stream.onerror = async () => {
    if (stream.readyState < 2) return;
    const answer = await get("state.json");
    if (answer.ok) show(await answer.json());
    setTimeout(listen, 2000);
  };
};
document.onvisibilitychange = () => {
  heard = Date.now();
  if (document.hidden) stream.close();
  listen();
};
listen();
setInterval(() => { if (!document.hidden) { tick(); news(); } }, 1000);
