/** Numbers, sizes, times and lists as a language writes them. */
export interface Formats {
  number(value: number): string;
  /** `percent`: 0 to 100. */
  percent(percent: number): string;
  /** A size in bytes, by powers of 1,024, with the short names that people know. */
  size(bytes: number): string;
  /** A length of time, ms. */
  duration(ms: number): string;
  /** A moment in UTC, with the zone said. `at`: ISO 8601. */
  moment(at: string): string;
  list(items: readonly string[]): string;
}

const KIBI = 1024;
const MEBI = KIBI * 1024;
const GIBI = MEBI * 1024;

/** Arabic pages keep the digits of version numbers and commands, so that one page has one kind of digits. */
const NUMERALS: Readonly<Record<string, string>> = { ar: "ar-u-nu-latn" };

/** `language`: a BCP 47 tag. */
export function formatsOf(language: string): Formats {
  const locale = NUMERALS[language] ?? language;
  const whole = new Intl.NumberFormat(locale);
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 });
  const list = new Intl.ListFormat(locale, { type: "conjunction" });
  const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });
  const units = new Map<string, Intl.NumberFormat>();

  function inUnit(value: number, unit: string, digits = 0): string {
    let format = units.get(unit + digits);
    if (!format) {
      format = new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: digits });
      units.set(unit + digits, format);
    }
    return format.format(value);
  }

  function duration(ms: number): string {
    const seconds = Math.floor(ms / 1000);
    if (ms < 1000) return inUnit(Math.round(ms), "millisecond");
    if (ms < 10_000) return inUnit(ms / 1000, "second", 1);
    if (seconds < 60) return inUnit(seconds, "second");
    if (seconds < 3600) return `${inUnit(Math.floor(seconds / 60), "minute")} ${inUnit(seconds % 60, "second")}`;
    return `${inUnit(Math.floor(seconds / 3600), "hour")} ${inUnit(Math.floor((seconds % 3600) / 60), "minute")}`;
  }

  return {
    number: (value) => whole.format(value),
    percent: (value) => percent.format(value / 100),
    size(bytes) {
      if (bytes < MEBI) return inUnit(Math.ceil(bytes / KIBI), "kilobyte");
      if (bytes < GIBI) return inUnit(bytes / MEBI, "megabyte", bytes < 10 * MEBI ? 1 : 0);
      return inUnit(bytes / GIBI, "gigabyte", 1);
    },
    duration,
    moment: (at) => `${moment.format(new Date(at))} UTC`,
    list: (items) => list.format(items),
  };
}
