// Numbers, times and sizes as people of the page's language read them; pure functions without the page.
"use strict";

(() => {
  const pal = window.palaestra;
  const whole = new Intl.NumberFormat(pal.language, { maximumFractionDigits: 0 });
  const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
  const compact = new Intl.NumberFormat(pal.language, { notation: "compact", maximumSignificantDigits: 3 });
  const exactly = new Intl.NumberFormat(pal.language, { maximumFractionDigits: 20 });
  const point = new Intl.NumberFormat(pal.language).formatToParts(0.5).find(({ type }) => type === "decimal").value;
  const GROUPED = /^-?\d{1,3}(,\d{3})+(\.\d+)?$/;
  const none = "–";

  function known(value) {
    return typeof value === "number" && Number.isFinite(value);
  }

  // What begins a sentence: a word gets its capital; a name (defaults.toml, module:Class, cuda:0, gae_lambda) stays as it is.
  function capital(text) {
    const isWord = /^[\p{L}'’]+[,.;:!?]?(?=\s|$)/u.test(text);
    return isWord ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  }

  // 1234567 -> "1,234,567"
  function count(value) {
    return known(value) ? whole.format(value) : none;
  }

  // 1234567 in a field that is read again: grouped by thin spaces where a point would be taken for the decimal sign.
  function typed(number) {
    return point === "." ? count(number) : regrouped(grouped.format(number));
  }

  // What the server writes as "1,234" is grouped as in the fields, where the page's language has another decimal sign.
  function regrouped(text) {
    return point !== "." && GROUPED.test(text) ? text.replaceAll(",", "\u202f") : text;
  }

  // A number in a sentence, with all its digits.
  function plain(number) {
    return known(number) ? minus(exactly.format(number)) : none;
  }

  // The text of a number as JavaScript writes it, with the language's decimal sign: "1.5M" -> "1,5M"
  function local(text) {
    return point === "." ? text : text.replace(".", point);
  }

  // A return, a loss: enough digits to compare, never more. 198.34 -> "198.3", −0.01234 -> "−0.0123"
  function value(number) {
    if (!known(number)) return none;
    const size = Math.abs(number);
    return minus(size > 0 && size < 0.001 ? local(number.toExponential(2)) : fixed(number, decimals(size)));
  }

  // A mean and its deviation, with the mean's digits: "12.82 ± 0.60"
  function spread(mean, deviation) {
    if (!known(mean)) return none;
    return known(deviation) ? `${value(mean)} ± ${minus(fixed(deviation, decimals(Math.abs(mean))))}` : value(mean);
  }

  function decimals(size) {
    if (size === 0 || size >= 10000) return 0;
    if (size >= 100) return 1;
    return size >= 1 ? 2 : Math.min(6, 2 - Math.floor(Math.log10(size)));
  }

  function fixed(number, digits) {
    return inDigits(digits, digits).format(number);
  }

  // At most so many decimals, and none for their own sake: a number of an axis.
  function rounded(number, digits) {
    return minus(inDigits(0, digits).format(number));
  }

  const writers = new Map(); // making one costs more than all its uses

  function inDigits(least, most) {
    const key = 32 * least + most;
    if (!writers.has(key)) writers.set(key, new Intl.NumberFormat(pal.language, { minimumFractionDigits: least, maximumFractionDigits: most }));
    return writers.get(key);
  }

  // The sign that is as wide as a digit, as on the axes.
  function minus(text) {
    return text.replaceAll("-", "−");
  }

  // 12345 -> "12.3k", 50000 -> "50k"; for places where exact digits would only be noise. Other languages have their own
  // words: "12,3 mil", "1.2万".
  function short(number) {
    if (!known(number)) return none;
    const size = Math.abs(number);
    if (pal.language !== "en") return minus(compact.format(number));
    for (const [limit, unit] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
      if (size >= limit) return `${rounded(number / limit, size >= limit * 100 ? 0 : 1)}${unit}`;
    }
    return rounded(number, 1);
  }

  // Seconds -> "0:42", "1:12:03", "3 d 4 h"
  function duration(seconds) {
    if (!known(seconds) || seconds < 0) return none;
    const total = Math.round(seconds);
    const days = Math.floor(total / 86400);
    const hours = Math.floor((total % 86400) / 3600);
    if (days > 0) return pal.text("format.days", { days, hours });
    const minutes = Math.floor((total % 3600) / 60);
    const rest = String(total % 60).padStart(2, "0");
    return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
  }

  // A time of the API (seconds since the epoch, or ISO text) -> Date, or null.
  function date(time) {
    if (time === null || time === undefined) return null;
    const moment = new Date(typeof time === "number" ? time * 1000 : time);
    return Number.isNaN(moment.getTime()) ? null : moment;
  }

  function ago(time, now = Date.now()) {
    const moment = date(time);
    if (!moment) return none;
    const seconds = Math.max(0, (now - moment.getTime()) / 1000);
    if (seconds < 10) return pal.text("format.now");
    const of = (unit) => Math.floor(seconds / unit);
    if (seconds < 60) return pal.text("format.seconds_ago", { amount: of(1) });
    if (seconds < 3600) return pal.text("format.minutes_ago", { amount: of(60) });
    if (seconds < 86400) return pal.text("format.hours_ago", { amount: of(3600) });
    return pal.text("format.days_ago", { amount: of(86400) });
  }

  function exact(time) {
    const moment = date(time);
    return moment ? moment.toLocaleString(pal.language) : none;
  }

  function clock(time) {
    const moment = date(time);
    return moment ? moment.toLocaleTimeString(pal.language, { hour12: false }) : none;
  }

  // Bytes -> "6.1 GB"; counted in powers of 1024, as operating systems do for memory.
  function bytes(number) {
    if (!known(number)) return none;
    const units = ["B", "kB", "MB", "GB", "TB"];
    let size = number;
    let unit = 0;
    while (size >= 1024 && unit < units.length - 1) {
      size /= 1024;
      unit += 1;
    }
    return local(`${size >= 100 || unit === 0 ? size.toFixed(0) : size.toFixed(1)} ${units[unit]}`);
  }

  // "6.1/24 GB": both in the unit of the whole.
  function share(used, total) {
    if (!known(used) || !known(total) || total <= 0) return none;
    const text = bytes(total);
    const unit = text.split(" ")[1];
    const scale = 1024 ** ["B", "kB", "MB", "GB", "TB"].indexOf(unit);
    return `${local((used / scale).toFixed(1))}/${local((total / scale).toFixed(total / scale >= 10 ? 0 : 1))} ${unit}`;
  }

  // Lengths of axes -> "96 × 96 × 3"; of an image its channels last, wherever it has them (they are the fewest).
  function shape(lengths, { image = false } = {}) {
    const first = image && lengths.length === 3 && lengths[0] < Math.min(lengths[1], lengths[2]);
    return (first ? [lengths[1], lengths[2], lengths[0]] : lengths).join(" × ");
  }

  // Rounded down, so that only what is done is 100%.
  function percent(fraction) {
    return known(fraction) ? `${Math.floor(fraction * 100 + 1e-9)}%` : none;
  }

  // How far something has come; the first tenth by tenths, for long runs are long in it.
  function progress(fraction) {
    const tenths = known(fraction) ? Math.floor(fraction * 1000 + 1e-9) : 0;
    return tenths > 0 && tenths < 100 ? `${fixed(tenths / 10, 1)}%` : percent(fraction);
  }

  pal.format = { capital, known, typed, regrouped, plain, local, rounded, count, value, spread, short, duration, date, ago, exact, clock, bytes, share, shape, percent, progress, none };
})();
