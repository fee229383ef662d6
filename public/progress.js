// Keeps the progress page up to date: server-sent events, else polling. The page works without it.

const SILENCE_MS = 5000;
const WATCHDOG_MS = 10_000;
const QUIET_MS = 5000;
const POLL_MS = 1000;
const SPEAK_MS = 5000;
const LEAVE_MS = 5000;
const LEFT_AT = "upgate-left-at";

const root = document.querySelector("#progress");
const { events, status, page, shown, title } = root.dataset;
const words = JSON.parse(root.dataset.words);
const { lang } = document.documentElement;
// One kind of digits on a page: those of version numbers.
const locale = lang === "ar" ? "ar-u-nu-latn" : lang;
const part = (id) => document.getElementById(id);
const list = document.querySelector(".changes-list");
const rows = new Map([...list.children].map((row) => [row.dataset.name, row]));
const icon = document.querySelector('link[rel="icon"]');
const ICONS = { running: "running", interrupted: "stopped", failed: "failed", completed: "done" };
const begun = performance.now() - Number(root.dataset.elapsedMs);

let run = root.dataset.run;
let source = null;
let model = null;
let live = false;
let polling = false;
let checking = false;
let refusals = 0;
let heardAt = performance.now();
let leaveTimer;
let speakTimer;
let spokenAt = -SPEAK_MS;
let toSpeak = "";
/** What was announced last: every tenth of the way, and what is done then. */
let announced = "";

function inUnit(value, unit, maximumFractionDigits = 0) {
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits }).format(value);
}

/** As src/web/texts/formats.ts writes it. */
function duration(ms) {
  const whole = Math.floor(ms / 1000);
  if (ms < 1000) return inUnit(Math.round(ms), "millisecond");
  if (ms < 10_000) return inUnit(ms / 1000, "second", 1);
  if (whole < 60) return inUnit(whole, "second");
  if (whole < 3600) return `${inUnit(Math.floor(whole / 60), "minute")} ${inUnit(whole % 60, "second")}`;
  return `${inUnit(Math.floor(whole / 3600), "hour")} ${inUnit(Math.floor((whole % 3600) / 60), "minute")}`;
}

const percentage = new Intl.NumberFormat(locale, { style: "percent" });

function fill(text, values) {
  return text.replace(/\{\{(\w+)\}\}/g, (_, name) => values[name]);
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function addRow(name) {
  const row = document.createElement("li");
  row.className = "change";
  row.dataset.name = name;
  for (const suffix of ["name", "status", "time"]) {
    const cell = document.createElement("span");
    cell.className = `change-${suffix}`;
    row.append(cell, " ");
  }
  rows.set(name, row);
  list.append(row);
  return row;
}

function showMigration(migration) {
  const row = rows.get(migration.name) ?? addRow(migration.name);
  const [name, state, time] = row.children;
  setText(name, migration.name);
  setText(state, words[migration.status] ?? migration.status);
  setText(time, migration.ms === null ? "" : duration(migration.ms));
  if (row.dataset.status === migration.status) return;
  row.dataset.status = migration.status;
  const box = list.parentElement;
  if (migration.status === "running") box.scrollTop = row.offsetTop - box.clientHeight / 2;
}

/** At most one announcement in SPEAK_MS, and always the latest. */
function speak(text) {
  toSpeak = text;
  clearTimeout(speakTimer);
  speakTimer = setTimeout(
    () => {
      spokenAt = performance.now();
      setText(part("spoken"), toSpeak);
    },
    Math.max(0, spokenAt + SPEAK_MS - performance.now()),
  );
}

/** The server knows which page fits. Never more often than every LEAVE_MS, so that a disagreement can't become a storm. */
function leave() {
  let leftAt = 0;
  try {
    leftAt = Number(sessionStorage.getItem(LEFT_AT));
  } catch {}
  leaveTimer ??= setTimeout(
    () => {
      try {
        sessionStorage.setItem(LEFT_AT, String(Date.now()));
      } catch {}
      location.replace(new URL(page, document.baseURI));
    },
    Math.min(LEAVE_MS, Math.max(0, leftAt + LEAVE_MS - Date.now())),
  );
}

function stay() {
  clearTimeout(leaveTimer);
  leaveTimer = undefined;
}

function heard() {
  heardAt = performance.now();
  refusals = 0;
  root.classList.remove("progress-lost");
}

function lost() {
  root.classList.add("progress-lost");
  setText(part("activity"), words.lost);
  speak(words.lost);
}

/** What is to become of requests still under way. */
function showDrain(drain) {
  const section = part("drain");
  if (section === null) return;
  if (drain === "asked" && section.hidden) speak(words.asked);
  section.toggleAttribute("hidden", drain === null);
  part("drain-wait").toggleAttribute("hidden", drain === "waiting");
  part("drain-waiting").toggleAttribute("hidden", drain !== "waiting");
}

/** The statement under way; one without figures is told in words, not by a bar that stands still. */
function showStep({ step, detail }) {
  part("step").toggleAttribute("hidden", detail === null);
  setText(part("step-detail"), detail ?? "");
  part("step-line").toggleAttribute("hidden", step === null);
  setText(part("step-text"), step?.text ?? "");
  const hasFigures = step !== null && step.percent !== null;
  part("step-bar").toggleAttribute("hidden", !hasFigures);
  if (hasFigures) part("step-bar").value = step.percent;
}

function logRow({ at, level, text }) {
  const row = document.createElement("li");
  row.className = `run-log-line run-log-${level}`;
  const time = document.createElement("time");
  time.dateTime = at;
  time.textContent = at.slice(11, 19);
  const said = document.createElement("span");
  said.textContent = text;
  row.append(time, " ", said);
  return row;
}

let logged = "";
function showLog(lines) {
  const text = JSON.stringify(lines);
  if (text === logged) return;
  logged = text;
  part("run-log").toggleAttribute("hidden", lines.length === 0);
  const box = part("run-log-lines");
  const isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  box.replaceChildren(...lines.map(logRow));
  if (isAtEnd) box.scrollTop = box.scrollHeight;
}

/** What a tab in the background shows. */
function showInTab(state, percent) {
  document.title = state === "running" ? `${percentage.format(percent / 100)} – ${title}` : title;
  const name = ICONS[state];
  if (name) icon.href = new URL(`favicon-${name}.svg`, icon.href).href;
}

function show(told) {
  heard();
  model = told;
  const now = model.run;
  const state = now ? now.status : "none";
  if (now) {
    run ||= now.id;
    const percent = Math.min(100, Math.max(0, Math.round(now.percent)));
    const applied = now.migrations.filter((migration) => migration.status === "applied").length;
    const running = state === "running";
    const activity = running ? now.activity : words.stopped;
    showDrain(now.drain);
    part("bar").value = percent;
    setText(part("percent"), percentage.format(percent / 100));
    setText(part("activity"), activity);
    setText(part("count"), fill(words.count, { done: applied, all: now.migrations.length }));
    setText(part("left"), running && now.etaSeconds > 0 ? fill(words.left, { time: duration(now.etaSeconds * 1000) }) : "");
    now.migrations.forEach(showMigration);
    showStep(running ? now : { step: null, detail: null });
    showLog(now.log);
    showInTab(state, percent);
    const news = `${Math.floor(percent / 10)} ${activity}`;
    if (news !== announced) speak(`${percentage.format(percent / 100)} ${activity}`);
    announced = news;
  }
  if (!now || state !== shown || now.id !== run) leave();
  else stay();
}

async function check() {
  checking = true;
  try {
    const answer = await fetch(status, {
      headers: { accept: "application/json" },
      cache: "no-store",
      redirect: "manual",
      signal: AbortSignal.timeout(WATCHDOG_MS),
    });
    if (answer.ok) {
      const before = JSON.stringify(model);
      show(await answer.json());
      // It was not in the stream: something on the way holds that back.
      if (live && JSON.stringify(model) !== before) startPolling();
    } else if (answer.type === "opaqueredirect" || [401, 403, 404].includes(answer.status)) refused();
    else lost();
  } catch {
    lost();
  }
  checking = false;
}

/** Signed out, or sealed by somebody else: the server has another page for us. */
function refused() {
  refusals += 1;
  if (refusals >= 3) leave();
}

async function poll() {
  await check();
  setTimeout(poll, POLL_MS);
}

function startPolling() {
  source?.close();
  if (polling) return;
  polling = true;
  poll();
}

function listen() {
  source = new EventSource(events);
  source.addEventListener("message", (message) => {
    live = true;
    show(JSON.parse(message.data));
  });
  // After a lost connection: nothing has happened meanwhile.
  source.addEventListener("unchanged", () => {
    live = true;
    if (model) show(model);
  });
  source.addEventListener("error", () => {
    if (!live || source.readyState === EventSource.CLOSED) startPolling();
    else lost();
  });
  setTimeout(() => {
    if (!live) startPolling();
  }, SILENCE_MS);
}

setInterval(() => {
  if (shown === "running" && run) {
    const ms = Math.floor((performance.now() - begun) / 1000) * 1000;
    if (ms > 0) setText(part("elapsed"), fill(words.elapsed, { time: duration(ms) }));
  }
  // A proxy may hold the stream back or drop it unnoticed.
  if (live && !polling && !checking && performance.now() - heardAt > QUIET_MS) check();
}, 1000);

if (typeof EventSource === "function") listen();
else startPolling();
