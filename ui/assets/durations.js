// Lengths of time as people write them: "2 h", "90 min", "1:30:00", "45 s". The same as trainer/config/durations.py, to
// which a test holds it.
"use strict";

(() => {
  const pal = window.palaestra;
  const SECONDS = { d: 86400, h: 3600, min: 60, s: 1 };
  const WORDS = { d: ["d", "day", "days"], h: ["h", "hr", "hrs", "hour", "hours"], min: ["m", "min", "mins", "minute", "minutes"], s: ["s", "sec", "secs", "second", "seconds"] };
  const UNITS = new Map(Object.entries(WORDS).flatMap(([unit, words]) => words.map((word) => [word, SECONDS[unit]])));
  const NUMBER = String.raw`\d+(?:\.\d+)?(?:e[+-]?\d+)?`;
  const BARE = new RegExp(`^-?${NUMBER}$`, "i");
  const CLOCK = /^(\d+):([0-5]?\d)(?::([0-5]?\d(?:\.\d+)?))?$/;
  const PART = new RegExp(`(${NUMBER})\\s*([a-z]+)\\s*`, "iy");

  // The seconds that a text stands for, or null; a bare number is seconds, "1:30" hours and minutes.
  function readDuration(text) {
    const plain = String(text ?? "").trim();
    if (BARE.test(plain)) return finite(Number(plain));
    const clock = plain.match(CLOCK);
    if (clock) return finite(Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3] || 0));
    let total = 0;
    PART.lastIndex = 0;
    while (PART.lastIndex < plain.length) {
      const part = PART.exec(plain);
      const unit = part ? UNITS.get(part[2].toLowerCase()) : undefined;
      if (unit === undefined) return null;
      total += Number(part[1]) * unit;
    }
    return plain ? finite(total) : null;
  }

  const finite = (seconds) => (Number.isFinite(seconds) ? seconds : null);

  // 5400 -> "1 h 30 min"; readDuration gives the same number back.
  function showDuration(seconds) {
    if (!Number.isFinite(seconds)) return "";
    if (seconds < 1 || !Number.isInteger(seconds) || seconds >= 1e15) return `${seconds} s`;
    let rest = seconds;
    const parts = [];
    for (const [unit, size] of Object.entries(SECONDS)) {
      if (rest >= size) parts.push(`${Math.floor(rest / size)} ${unit}`);
      rest %= size;
    }
    return parts.join(" ");
  }

  // For what is only estimated: no more digits than it is worth.
  function roughDuration(seconds) {
    const grain = seconds >= 36000 ? 600 : seconds >= 600 ? 60 : seconds >= 60 ? 5 : 1;
    return showDuration(Math.max(1, Math.round(seconds / grain) * grain));
  }

  Object.assign(pal, { readDuration, showDuration, roughDuration });
})();
