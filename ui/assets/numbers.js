// Numbers as people write them: "2M", "100k", "10,000,000", "1e6"; and what an ambiguous one probably means. The same as
// trainer/config/numbers.py, to which a test holds it.
"use strict";

(() => {
  const pal = window.palaestra;
  const SHORT = /^([+-]?(?:\d+(?:\.\d+)?|\.\d+))\s?([kKM])$/;
  const POWERS = { k: 3, K: 3, M: 6 };
  const GROUPED = [/^[+-]?[1-9]\d{0,2}(,\d{3})+$/, /^[+-]?\d+(_\d+)+$/, /^[+-]?[1-9]\d{0,2}(\s\d{3})+$/];
  // A point for thousands, a comma for decimals, or both: read one way here and another way there.
  const POINTS = /^[+-]?[1-9]\d{0,2}(?:(?:\.\d{3}){2,}(?:,\d+)?|\.\d{3},\d+)$/;
  const POINT = /^[+-]?[1-9]\d{0,2}\.\d{3}$/; // ambiguous where a whole number is wanted: nobody writes 100.000 for 100
  const COMMAS = /^[+-]?[1-9]\d{0,2}(?:,\d{3})+\.\d+$/;
  const COMMA = /^[+-]?\d+,\d+$/;
  const MILLI = /^([+-]?\d+(?:\.\d+)?)\s?m$/;

  const plainOf = (text) => text.trim().replace(/[−–]/g, "-");

  // "10,000,000", "10 000 000", "1_000" and "2M" are read as they are meant; "1,5" and "1.000.000" are not guessed at,
  // nor is "1.000" where the number is to be whole.
  function readNumber(text, { whole = false } = {}) {
    const plain = plainOf(text);
    if (plain === "") return null;
    if (whole && POINT.test(plain)) return text.trim();
    const short = plain.match(SHORT);
    const grouped = GROUPED.some((form) => form.test(plain));
    const number = Number(short ? `${short[1]}e${POWERS[short[2]]}` : grouped ? plain.replace(/[,_\s]/g, "") : plain);
    return Number.isFinite(number) ? number : text.trim();
  }

  // What a text that is no number probably stands for, to be offered and never taken; null without an idea.
  function meantNumber(text) {
    const plain = plainOf(text);
    const milli = plain.match(MILLI);
    if (milli) return Number(`${milli[1]}e6`);
    if (COMMAS.test(plain)) return Number(plain.replaceAll(",", ""));
    if (POINTS.test(plain) || POINT.test(plain) || COMMA.test(plain)) return Number(plain.replaceAll(".", "").replace(",", "."));
    return null;
  }

  Object.assign(pal, { readNumber, meantNumber });
})();
