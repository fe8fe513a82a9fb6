// What is live: values as they come, ages as they pass, and whether the server is there.
// What the events hold stands in README.md.
const body = document.body;
const texts = JSON.parse(body.dataset.texts ?? "{}");
// The server's time may run ahead of this machine's, or faster.
let ahead = Number(body.dataset.now || Date.now()) - Date.now();

const age = (at) => {
  const seconds = Math.max(0, Math.round((Date.now() + ahead - at) / 1000));
  const [word, count] =
    seconds < 60 ? ["now", 0]
    : seconds < 5400 ? ["minutes", Math.round(seconds / 60)]
    : seconds < 129600 ? ["hours", Math.round(seconds / 3600)]
    : ["days", Math.round(seconds / 86400)];
  return texts[`age.${word}`].replace("{n}", count);
};

const tick = () => {
  for (const time of document.querySelectorAll("time[data-age]")) {
    const at = Date.parse(time.dateTime);
    if (Number.isFinite(at)) time.textContent = age(at);
  }
};

const put = (element, part, text) => {
  for (const child of element.querySelectorAll(`[data-part="${part}"]`)) {
    if (child.textContent !== text) child.textContent = text;
  }
};

const show = (element, value) => {
  if (typeof value.text === "string") put(element, "value", value.text);
  if (typeof value.unit === "string") put(element, "unit", value.unit);
  if (typeof value.origin === "string") put(element, "origin", value.origin);
  if (typeof value.state === "string") element.dataset.state = value.state;
  for (const time of element.querySelectorAll("time[data-age]")) {
    if (!value.at) continue;
    time.dateTime = new Date(value.at).toISOString();
    time.title = value.time ?? "";
    time.textContent = age(value.at);
  }
  if (typeof value.number !== "number") return;
  for (const ring of element.querySelectorAll("[data-part=ring]")) {
    ring.setAttribute("stroke-dasharray", `${Math.min(100, Math.max(0, value.number))} 100`);
  }
};

const named = (name) => document.querySelectorAll(`[data-live="${CSS.escape(name)}"]`);

const refreshed = (element) => {
  element.classList.remove("fresh");
  requestAnimationFrame(() => element.classList.add("fresh"));
};

const apply = ({ now, told = [] }) => {
  if (typeof now === "number") ahead = now - Date.now();
  for (const value of told) {
    for (const element of named(`${value.vehicle}/${value.key}`)) {
      show(element, value);
      refreshed(element);
    }
  }
  tick();
};

// Events were missed: the values of the page as it is now, without losing the place of who reads or types.
const renew = async () => {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  ahead = Number(page.body.dataset.now || Date.now()) - Date.now();
  for (const newer of page.querySelectorAll("[data-live]")) {
    for (const element of named(newer.dataset.live)) {
      if (element.innerHTML !== newer.innerHTML) element.replaceChildren(...newer.cloneNode(true).childNodes);
      if (newer.dataset.state) element.dataset.state = newer.dataset.state;
    }
  }
  tick();
};

const connection = document.querySelector("[data-connection]");
const connected = (is) => {
  if (!connection || connection.dataset.connection === (is ? "on" : "off")) return;
  connection.dataset.connection = is ? "on" : "off";
  connection.querySelector("[data-part=text]").textContent = texts[is ? "js.live" : "js.lost"];
};

// The number of the change up to which the page is told; the first word of the server tells its own.
let seen = body.dataset.sequence;
let source = null;
let wait = 1000;

const listen = () => {
  source = new EventSource(body.dataset.events);
  source.onopen = () => {
    wait = 1000;
    connected(true);
  };
  source.addEventListener("hello", (event) => {
    const { sequence } = JSON.parse(event.data);
    if (seen !== undefined && seen !== "" && Number(seen) !== sequence) renew();
    seen = sequence;
  });
  source.addEventListener("missed", renew);
  source.addEventListener("change", (event) => {
    const change = JSON.parse(event.data);
    seen = change.sequence;
    apply(change.values);
  });
  source.onerror = () => {
    connected(false);
    // A browser tries again by itself, but not where the answer was an error.
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(listen, wait);
    wait = Math.min(60000, wait * 2);
  };
};

// A page that waits for somebody elsewhere looks whether it still has to.
const waiting = document.querySelector("[data-waiting]");
const look = async () => {
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (answer.ok && !(await answer.text()).includes("data-waiting")) return location.reload();
  } catch { /* Asked again below. */ }
  setTimeout(look, Number(waiting.dataset.waiting) * 1000);
};
if (waiting) setTimeout(look, Number(waiting.dataset.waiting) * 1000);

tick();
setInterval(tick, 15000);
if (body.dataset.events) {
  listen();
  // A page that nobody looks at keeps none of the few connections.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) source.close();
    else if (source.readyState === EventSource.CLOSED) listen();
  });
}
