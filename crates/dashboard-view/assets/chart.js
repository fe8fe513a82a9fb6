// Charts: `<figure data-chart="{…}">`, drawn by uPlot into its `.plot`. What the JSON holds stands in README.md.
// Beside it in every figure: a table with the same values, which is all there is without this script.
const body = document.body;
const texts = JSON.parse(body.dataset.texts ?? "{}");
const zone = body.dataset.zone || "UTC";
// In the order of the tables.
const locale = texts["js.locale"] || document.documentElement.lang;
const HEIGHT = 240;
const SHORTEST = { time: 60000, percent: 2 };

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const clock = (options) => new Intl.DateTimeFormat(locale, { timeZone: zone, hourCycle: "h23", ...options });
const FORMATS = {
  time: clock({ hour: "2-digit", minute: "2-digit" }),
  day: clock({ day: "numeric", month: "short" }),
  month: clock({ month: "short", year: "numeric" }),
  full: clock({ weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }),
};
const DAY = 86400000;
const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });

const told = (chart, x) => (chart.axis === "percent" ? `${number.format(x)} %` : FORMATS.full.format(x));
const ticks = (chart) => (_, splits, __, ___, step) => {
  if (chart.axis === "percent") return splits.map((x) => `${x} %`);
  const format = step < DAY ? FORMATS.time : step < 27 * DAY ? FORMATS.day : FORMATS.month;
  return splits.map((at) => {
    const text = format.format(at);
    // At midnight the day says more.
    return format === FORMATS.time && text === "00:00" ? FORMATS.day.format(at) : text;
  });
};

// As wide as its longest text in the font of the page.
const wide = (_, texts) => Math.max(52, 12 + 7 * Math.max(0, ...(texts ?? []).map((text) => text.length)));

// Where nothing was heard no line is drawn: a null stands at the beginning of every gap.
const broken = (rows, gaps, width) => {
  const nothing = Array(width).fill(null);
  const all = [...rows, ...gaps.filter((gap) => rows.length && gap.from > rows[0][0]).map((gap) => [gap.from, ...nothing])];
  return all.sort((a, b) => a[0] - b[0]).filter((row, at) => at === 0 || row[0] !== all[at - 1][0]);
};

const columns = (rows, width) =>
  Array.from({ length: width + 1 }, (_, column) => rows.map((row) => row[column]));

// uPlot's columns with what each of them is: one for a series of readings, three for one of parts.
const laid = (chart) => {
  const tables = [];
  const shown = [];
  for (const [index, series] of chart.series.entries()) {
    const parts = series.parts;
    const width = parts ? 3 : 1;
    tables.push(columns(broken(parts ?? series.points ?? [], chart.gaps ?? [], width), width));
    if (parts) shown.push({ series, index, part: "min" }, { series, index, part: "max" });
    shown.push({ series, index, part: "last" });
  }
  const keep = tables.map((table) => table.map(() => 1));
  return { data: tables.length > 1 ? uPlot.join(tables, keep) : tables[0] ?? [[]], shown };
};

const hatch = (context, left, top, width, height) => {
  context.beginPath();
  for (let x = left - height; x < left + width; x += 8 * devicePixelRatio) {
    context.moveTo(x, top + height);
    context.lineTo(x + height, top);
  }
  context.stroke();
};

const backdrop = (chart) => (plot) => {
  const { ctx: context, bbox } = plot;
  const place = ({ from, to }) => {
    const left = Math.max(bbox.left, plot.valToPos(from, "x", true));
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, "x", true));
    return right > left ? [left, Math.max(right - left, devicePixelRatio)] : null;
  };
  context.save();
  context.beginPath();
  context.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  context.clip();
  for (const band of chart.bands ?? []) {
    const where = place(band);
    if (!where) continue;
    context.fillStyle = css(`--band-${band.kind}`) || css("--band");
    context.fillRect(where[0], bbox.top, where[1], bbox.height);
  }
  context.strokeStyle = css("--hatch");
  context.fillStyle = css("--muted");
  context.lineWidth = devicePixelRatio;
  context.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  for (const gap of chart.gaps ?? []) {
    const where = place(gap);
    if (!where) continue;
    context.save();
    context.beginPath();
    context.rect(where[0], bbox.top, where[1], bbox.height);
    context.clip();
    hatch(context, where[0], bbox.top, where[1], bbox.height);
    const width = context.measureText(gap.cause).width;
    if (width + 8 * devicePixelRatio < where[1]) {
      const left = where[0] + (where[1] - width) / 2;
      const base = bbox.top + 16 * devicePixelRatio;
      context.fillStyle = css("--card");
      context.fillRect(left - 4 * devicePixelRatio, base - 12 * devicePixelRatio, width + 8 * devicePixelRatio, 16 * devicePixelRatio);
      context.fillStyle = css("--muted");
      context.fillText(gap.cause, left, base);
    }
    context.restore();
  }
  context.restore();
};

class Figure {
  constructor(element) {
    this.element = element;
    this.chart = JSON.parse(element.dataset.chart);
    this.holder = element.querySelector(".plot");
    this.readout = element.querySelector(".readout");
    const whole = this.chart.whole ?? this.chart;
    this.all = { min: whole.from, max: whole.to };
    this.range = { min: this.chart.from, max: this.chart.to };
    if (this.isTime && asked) {
      // The server shows what the address asks for, or everything.
      this.isPart = Math.abs(asked.min - this.all.min) < 1000 && Math.abs(asked.max - this.all.max) < 1000;
      const range = { min: Math.max(asked.min, this.all.min), max: Math.min(asked.max, this.all.max) };
      if (range.max > range.min) this.range = range;
    }
    this.holder.hidden = false;
    this.holder.addEventListener("keydown", (event) => this.key(event));
    this.holder.addEventListener("pointermove", (event) => this.touch(event));
    this.tools();
    this.draw();
    new ResizeObserver(() => this.size()).observe(this.holder);
  }

  get isTime() { return this.chart.axis !== "percent"; }

  tools() {
    const bar = this.element.querySelector(".tools");
    bar.hidden = false;
    bar.addEventListener("click", (event) => {
      const act = event.target.closest("button")?.dataset.zoom;
      if (act === "in") this.scaled(0.5);
      if (act === "out") this.scaled(2);
      if (act === "reset") this.whole();
    });
    this.reset = bar.querySelector("[data-zoom=reset]");
    this.enable();
  }

  enable() {
    this.reset.disabled = !this.isPart && this.range.min === this.all.min && this.range.max === this.all.max;
  }

  whole() {
    if (this.isPart) reopen();
    else this.choose(this.all);
  }

  draw() {
    // The cursor stays where it was, for who moves it by keys.
    const spot = this.plot?.cursor.left > 0 ? this.plot.posToVal(this.plot.cursor.left, "x") : null;
    this.plot?.destroy();
    const { data, shown } = laid(this.chart);
    this.shown = shown;
    const units = [...new Set(this.chart.series.map((series) => series.unit ?? ""))];
    const axis = (unit, side) => ({
      scale: unit, side, stroke: css("--muted"), size: wide, gap: 4,
      grid: { show: side === 3, stroke: css("--line"), width: 1 }, ticks: { show: false },
      values: (_, splits) => splits.map((value, at) => number.format(value) + (at === splits.length - 1 && unit ? ` ${unit}` : "")),
    });
    const series = shown.map(({ series: { label, unit, kind }, index, part }) => {
      const colour = css(`--series-${index + 1}`);
      return {
        label, scale: unit ?? "", width: part === "last" ? 2 : 0, stroke: part === "last" ? colour : "transparent",
        fill: part === "last" && kind === "area" ? `${colour}22` : undefined,
        paths: kind === "step" && part === "last" ? uPlot.paths.stepped({ align: 1 }) : undefined,
        points: { show: part === "last" ? undefined : false, size: 5 },
      };
    });
    const bands = shown.flatMap(({ index, part }, at) =>
      part === "max" ? [{ series: [at + 1, at], fill: `${css(`--series-${index + 1}`)}33` }] : []);
    const scales = Object.fromEntries(units.map((unit) => [unit, {
      range: (_, low, high) => (unit === "%" && this.chart.isWhole ? [0, 100] : uPlot.rangeNum(low ?? 0, high ?? 1, 0.08, true)),
    }]));
    this.plot = new uPlot({
      width: Math.max(200, this.holder.clientWidth), height: HEIGHT, ms: 1, legend: { show: false },
      tzDate: (at) => uPlot.tzDate(new Date(at), zone), padding: [8, units.length > 1 ? 0 : 32, 0, 0],
      cursor: { drag: { x: true, y: false, setScale: false }, y: false },
      scales: { x: { time: this.isTime, range: () => [this.range.min, this.range.max] }, ...scales },
      series: [{}, ...series], bands,
      axes: [
        { stroke: css("--muted"), grid: { show: false }, ticks: { stroke: css("--line"), size: 4 }, size: 32, space: 72, values: ticks(this.chart) },
        ...units.slice(0, 2).map((unit, at) => axis(unit, at === 0 ? 3 : 1)),
      ],
      hooks: {
        drawClear: [backdrop(this.chart)],
        setCursor: [() => this.tell()],
        setSelect: [(plot) => this.selected(plot)],
      },
    }, data, this.holder);
    const { plot } = this;
    if (spot === null || spot < this.range.min || spot > this.range.max) return;
    requestAnimationFrame(() => plot === this.plot && plot.setCursor({ left: plot.valToPos(spot, "x"), top: 1 }));
  }

  size() {
    const width = this.holder.clientWidth;
    if (width && Math.abs(width - this.plot.width) > 1) this.plot.setSize({ width, height: HEIGHT });
  }

  selected(plot) {
    const { left, width } = plot.select;
    if (width < 8) return;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.choose({ min: plot.posToVal(left, "x"), max: plot.posToVal(left + width, "x") });
  }

  touch(event) {
    if (event.pointerType === "mouse") return;
    const box = this.plot.over.getBoundingClientRect();
    this.plot.setCursor({ left: event.clientX - box.left, top: 1 });
  }

  tell() {
    const at = this.plot.cursor.idx;
    if (at == null || this.plot.cursor.left < 0) return;
    const x = this.plot.data[0][at];
    const words = [told(this.chart, x)];
    this.shown.forEach(({ series, part }, column) => {
      const value = this.plot.data[column + 1][at];
      if (part === "last" && value != null) words.push(`${series.label} ${number.format(value)} ${series.unit ?? ""}`.trim());
    });
    const spot = this.plot.posToVal(this.plot.cursor.left, "x");
    const covers = ({ from, to }) => from <= spot && spot <= to;
    for (const band of (this.chart.bands ?? []).filter(covers)) words.push(band.label);
    for (const gap of (this.chart.gaps ?? []).filter(covers)) words.push(`${texts["js.gap"]}: ${gap.cause}`);
    this.readout.textContent = words.join(" · ");
  }

  key(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in steps) this.move(steps[event.key] * (event.shiftKey ? 10 : 1));
    else if (event.key === "Home") this.move(-Infinity);
    else if (event.key === "End") this.move(Infinity);
    else if (event.key === "+" || event.key === "=") this.scaled(0.5);
    else if (event.key === "-") this.scaled(2);
    else if (event.key === "0" || event.key === "Escape") this.whole();
    else return;
    event.preventDefault();
  }

  // By one value, inside what is shown.
  move(by) {
    const xs = this.plot.data[0];
    const first = xs.findIndex((x) => x >= this.range.min);
    const last = xs.findLastIndex((x) => x <= this.range.max);
    if (first < 0 || last < first) return;
    const at = Math.min(last, Math.max(first, (this.plot.cursor.idx ?? (by > 0 ? first - 1 : last + 1)) + by));
    this.plot.setCursor({ left: this.plot.valToPos(xs[at], "x"), top: 1 });
  }

  scaled(factor) {
    const { min, max } = this.range;
    const at = this.plot.cursor.left > 0 ? this.plot.posToVal(this.plot.cursor.left, "x") : (min + max) / 2;
    this.choose({ min: at - (at - min) * factor, max: at + (max - at) * factor });
  }

  choose(range) {
    // A page that was opened at a range has no more than that: a wider one is another page.
    if (this.isPart && (range.min < this.all.min || range.max > this.all.max)) return reopen(range);
    const shortest = SHORTEST[this.isTime ? "time" : "percent"];
    const min = Math.max(this.all.min, range.min);
    const max = Math.min(this.all.max, range.max);
    if (max - min < shortest) return;
    for (const figure of this.isTime ? figures.filter((other) => other.isTime) : [this]) figure.show(min, max);
    if (this.isTime) remember(min, max, min === this.all.min && max === this.all.max);
  }

  show(min, max) {
    this.range = { min: Math.max(min, this.all.min), max: Math.min(max, this.all.max) };
    this.plot.setScale("x", this.range);
    this.enable();
    this.readout.textContent = `${told(this.chart, min)} – ${told(this.chart, max)}`;
    clearTimeout(this.later);
    this.later = setTimeout(() => this.fetch(), 150);
  }

  // What is shown now, at the detail that fits on it.
  async fetch() {
    const { min, max } = this.range;
    const wanted = this.chart.series.filter((series) => series.url);
    if (!wanted.length) return;
    await Promise.all(wanted.map(async (series) => {
      const url = new URL(series.url, location.href);
      url.searchParams.set("from", iso(min));
      url.searchParams.set("to", iso(max));
      url.searchParams.set("points", String(Math.min(2000, Math.max(200, this.holder.clientWidth * 2))));
      const answer = await fetch(url);
      if (!answer.ok) return;
      const { points, parts } = await answer.json();
      if (!points && !parts) return;
      Object.assign(series, { points, parts });
    }));
    if (min === this.range.min && max === this.range.max) this.draw();
  }
}

const iso = (at) => new Date(Math.round(at / 1000) * 1000).toISOString().replace(".000Z", "Z");

// The range of the address.
const words = new URLSearchParams(location.search);
const asked = words.has("from") && words.has("to") ? { min: Date.parse(words.get("from")), max: Date.parse(words.get("to")) } : null;

const reopen = (range) => {
  const url = new URL(location.href);
  for (const name of ["from", "to"]) url.searchParams.delete(name);
  if (range) {
    url.searchParams.set("from", iso(range.min));
    url.searchParams.set("to", iso(Math.min(range.max, Number(body.dataset.now) || range.max)));
  }
  location.replace(url);
};

// The range stands in the address: it can be sent, and what is downloaded is what is shown.
const remember = (min, max, isAll) => {
  const addresses = [new URL(location.href), ...document.querySelectorAll("a[data-ranged]")];
  for (const address of addresses) {
    const url = new URL(address.href);
    url.searchParams.delete("days");
    for (const [name, at] of [["from", min], ["to", max]]) {
      if (isAll) url.searchParams.delete(name);
      else url.searchParams.set(name, iso(at));
    }
    if (address instanceof URL) history.replaceState(null, "", url);
    else address.href = url.href;
  }
};

const figures = [...document.querySelectorAll("figure[data-chart]")].map((element) => new Figure(element));
document.addEventListener("themechange", () => figures.forEach((figure) => figure.draw()));
