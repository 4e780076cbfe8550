// What the browser itself can say of a value, at once and in the server's words: nothing there, no number, out of range,
// no JSON, no length of time. Whatever hangs on other fields, on the environment or on the machine the server knows.
//
// Always holds: what is a fault here is one for the server too; its answer takes the place of ours when it comes.
"use strict";

(() => {
  const pal = window.palaestra;
  const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

  const shown = (value) => (value === null || value === "" ? pal.text("check.empty") : typeof value === "string" ? pal.text("check.the_text", { text: `'${value}'` }) : String(value));
  const inFull = (number) => (Number.isInteger(number) && Math.abs(number) < 1e16 ? pal.format.count(number) : String(number));

  // `unfinished`: it may only be on its way to something that is right, so it waits until the typing rests.
  function fault(field, message, { hint = null, fix = null, unfinished = false } = {}) {
    return { field: field.path, message, ...(hint ? { hint } : {}), ...(fix ? { fix } : {}), unfinished, local: true };
  }

  const example = (field) => (field.example ? pal.text("check.write_like", { example: field.example }) : null);

  function outOfRange(field, number) {
    const { minimum, maximum } = field;
    const below = minimum !== null && (field.exclusive_minimum ? number <= minimum : number < minimum);
    const above = maximum !== null && (field.exclusive_maximum ? number >= maximum : number > maximum);
    if (!below && !above) return null;
    const bound = below ? minimum : maximum;
    const key = below ? (field.exclusive_minimum ? "check.greater" : "check.at_least") : field.exclusive_maximum ? "check.less" : "check.at_most";
    const open = below ? field.exclusive_minimum : field.exclusive_maximum;
    // 0.99 for a share that was written as 99; 100 means all of it.
    const share = above && maximum === 1 && Number.isInteger(number) && number < 1e6 && !/^10*$/.test(String(number));
    const meant = share ? number / 10 ** String(number).length : bound;
    const nobodys = above && maximum >= 1e15;
    const hint = meant === bound ? null : pal.text("check.did_you_mean", { value: String(meant) });
    return fault(field, pal.text(key, { bound: inFull(bound), given: shown(number) }), { hint, fix: open || nobodys ? null : { [field.path]: meant } });
  }

  function noNumber(field, text) {
    const meant = pal.meantNumber(text);
    const fits = meant !== null && (field.kind !== "int" || Number.isInteger(meant)) && !outOfRange(field, meant);
    const hint = fits ? pal.text("check.did_you_mean", { value: String(meant) }) : example(field);
    return fault(field, pal.text("check.number", { given: shown(text) }), { hint, fix: fits ? { [field.path]: meant } : null, unfinished: true });
  }

  function ofNumber(field, value) {
    if (value === null || value === "") {
      if (field.nullable) return null;
      return fault(field, pal.text("check.needs_value", { initial: pal.showValue(field, field.initial) }), { fix: { [field.path]: field.initial } });
    }
    if (typeof value !== "number") return noNumber(field, value);
    if (field.kind === "int" && !Number.isInteger(value)) {
      const whole = Math.round(value);
      const hint = pal.text("check.did_you_mean", { value: String(whole) });
      return outOfRange(field, whole) ? fault(field, pal.text("check.whole_number", { given: shown(value) })) : fault(field, pal.text("check.whole_number", { given: shown(value) }), { hint, fix: { [field.path]: whole } });
    }
    return outOfRange(field, value);
  }

  function ofSchedule(field, value) {
    const text = String(value ?? "").trim();
    if (text === "") return null; // takes its default, or says none
    const number = text.replace(/^(lin|const)_/, "");
    if (!NUMBER.test(number)) return fault(field, pal.text("check.schedule", { given: `'${text}'` }), { unfinished: true });
    if (Number(number) < 0) return fault(field, pal.text("check.not_negative", { given: text }), { fix: { [field.path]: Math.abs(Number(number)) } });
    return null;
  }

  function ofJson(field, value) {
    const text = String(value ?? "").trim();
    if (text === "") return null;
    try {
      JSON.parse(text);
      return null;
    } catch {
      return fault(field, pal.text("check.not_json"), { hint: example(field), unfinished: true });
    }
  }

  function ofDuration(field, value) {
    if (value === null || value === "") return null;
    const seconds = pal.readDuration(value);
    if (seconds === null) return fault(field, pal.text("check.duration", { given: shown(value) }), { hint: example(field), unfinished: true });
    return outOfRange(field, seconds);
  }

  function ofText(field, value) {
    if (!field.required || String(value ?? "").trim() !== "") return null;
    return fault(field, pal.text("check.needs_value_plain"), { hint: example(field) });
  }

  const CHECKS = { int: ofNumber, float: ofNumber, schedule: ofSchedule, json: ofJson, wrappers: ofJson, duration: ofDuration, text: ofText };

  // What is wrong with a value by itself, or null.
  const localFault = (field, value) => CHECKS[field.kind]?.(field, value) ?? null;

  Object.assign(pal, { localFault });
})();
