// Keeps a page live: hears of changes, fetches the page anew, and touches only what differs.
// Without this file every page still works; one reloads it oneself.
"use strict";

const CALM_MS = 300; // many changes at once are one look
const LOOK_ANYWAY_MS = 60_000; // "today" becomes "yesterday" without any event, and a dead line says nothing
const PATIENCE_MS = 10_000;

const cut = document.getElementById("cut");
let isFetching = false;
let isDue = false;

// ── Hear ──
let events = null;
listen();
setInterval(() => (events.readyState === EventSource.CLOSED && !document.hidden ? listen() : refresh()), LOOK_ANYWAY_MS);
addEventListener("pagehide", () => events.close());
// A browser holds six lines to one server: seven open tabs must not starve each other.
document.addEventListener("visibilitychange", () => (document.hidden ? events.close() : listen()));
addEventListener("pageshow", (event) => event.persisted && location.reload());

function listen() {
  events?.close();
  events = new EventSource("/changes");
  events.onopen = refresh; // what changed before the stream was open
  events.onmessage = refresh;
  events.onerror = () => tellCut(true);
}

async function refresh() {
  if (isFetching) {
    isDue = true;
    return;
  }
  isFetching = true;
  document.documentElement.dataset.state = "looking";
  try {
    const answer = await fetch(location.href, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    withoutMoving(() => replaceRegions(fresh));
    document.title = fresh.title;
    cut.dataset.words = fresh.getElementById("cut").dataset.words;
    tellCut(false);
  } catch {
    tellCut(true);
  }
  await new Promise((resolve) => setTimeout(resolve, CALM_MS));
  isFetching = false;
  if (isDue) {
    isDue = false;
    refresh();
    return;
  }
  document.documentElement.dataset.state = cut.hidden ? "listening" : "cut";
}

function tellCut(isCut) {
  if (isCut && cut.hidden) cut.textContent = cut.dataset.words;
  cut.hidden = !isCut;
}

// ── Touch only what differs ──
function replaceRegions(fresh) {
  for (const region of document.querySelectorAll("[data-live]")) {
    const newer = fresh.getElementById(region.id);
    if (newer) become(region, newer);
  }
  filter();
}

function become(old, newer) {
  if (old.isEqualNode(newer)) return;
  if (old.nodeType === Node.TEXT_NODE) {
    old.data = newer.data;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!newer.hasAttribute(name) && !(name === "open" || name === "hidden")) old.removeAttribute(name);
  }
  for (const { name, value } of newer.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  becomeChildren(old, newer);
}

function becomeChildren(old, newer) {
  const keyed = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
  const wanted = new Set([...newer.children].map((child) => child.id));
  let place = old.firstChild;
  for (const child of [...newer.childNodes]) {
    while (place && place.id && !wanted.has(place.id)) place = leave(place);
    const same = child.id ? keyed.get(child.id) : place && isLike(place, child) ? place : null;
    if (!same) {
      old.insertBefore(document.importNode(child, true), place);
      continue;
    }
    if (same === place) place = place.nextSibling;
    else moveTo(old, same, place);
    become(same, child);
  }
  while (place) place = leave(place);
}

function isLike(old, child) {
  return old.nodeName === child.nodeName && !old.id;
}

function leave(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

function moveTo(parent, node, place) {
  if (parent.moveBefore) parent.moveBefore(node, place);
  else parent.insertBefore(node, place);
}

// ── What is under the cursor stays there; focus stays where it was ──
let pointed = null;
addEventListener("pointermove", (event) => {
  const region = event.target.closest?.("[data-live]");
  pointed = region ? event.target.closest("[data-live] [id]") : null;
  if (!region) letGo();
}, { passive: true });
document.documentElement.addEventListener("pointerleave", () => {
  pointed = null;
  letGo();
});

function withoutMoving(change) {
  const focused = document.activeElement;
  const held = pointed?.isConnected ? pointed : focused?.closest("[data-live] [id]");
  const before = held?.getBoundingClientRect().top;
  change();
  if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
  if (!held?.isConnected) return;
  const moved = () => held.getBoundingClientRect().top - before;
  const room = document.body.style;
  if (moved() > 0) room.minBlockSize = `${scrollY + innerHeight + moved()}px`; // a short page must be able to scroll
  scrollBy({ top: moved(), behavior: "instant" });
  if (moved() < 0) room.paddingBlockStart = `${(parseFloat(room.paddingBlockStart) || 0) - moved()}px`; // at the top
}

function letGo() {
  document.body.style.removeProperty("min-block-size");
  document.body.style.removeProperty("padding-block-start");
}

// ── Keys and search, on a list ──
const search = document.getElementById("search");

function filter() {
  if (!search) return;
  const asked = search.value.trim().toLocaleLowerCase();
  let shown = 0;
  for (const row of document.querySelectorAll("[data-name]")) {
    row.hidden = !row.dataset.name.toLocaleLowerCase().includes(asked);
    shown += row.hidden ? 0 : 1;
  }
  document.getElementById("search-none").hidden = shown > 0 || !asked;
}

search?.addEventListener("input", filter);

// s, t and d do for the line in focus what its own buttons do.
const ACTS = { s: "button[value=seen]", t: "button[value=taken]", d: "summary" };

addEventListener("keydown", (event) => {
  if (event.target.closest?.("input, select, textarea") && event.target !== search) return;
  if (!search || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target === search) {
    if (event.key === "Escape") {
      search.value = "";
      filter();
      search.blur();
    }
    return;
  }
  if (event.key === "/") {
    event.preventDefault();
    search.focus();
  }
  if (event.key === "j") step(1);
  if (event.key === "k") step(-1);
  if (event.key in ACTS) document.activeElement.closest(".row")?.querySelector(`.acts ${ACTS[event.key]}`)?.click();
});

function step(by) {
  const links = [...document.querySelectorAll("[data-name]:not([hidden]) a.row-link")];
  const at = links.indexOf(document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + by, 0), links.length - 1);
  links[next]?.focus();
}

// ── Pointing at one plot reads all of them at that time ──
addEventListener("pointermove", (event) => {
  const area = event.target.closest?.(".multiples");
  if (!area) return;
  for (const figure of area.querySelectorAll("figure")) {
    const dot = nearest(figure.querySelectorAll(".dot"), event.clientX);
    figure.querySelector(".is-read")?.classList.remove("is-read");
    dot?.classList.add("is-read");
    const out = figure.querySelector("output");
    if (dot && out) out.textContent = dot.querySelector("title").textContent;
  }
}, { passive: true });

function nearest(dots, x) {
  let best = null;
  let distance = Infinity;
  for (const dot of dots) {
    const box = dot.getBoundingClientRect();
    const far = Math.abs(box.left + box.width / 2 - x);
    if (far < distance) [best, distance] = [dot, far];
  }
  return best;
}
