const LOCALE = "en-GB";
const moneyFormats = new Map<string, Intl.NumberFormat>();
const dateFormat = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const monthFormat = new Intl.DateTimeFormat(LOCALE, { month: "short", timeZone: "UTC" });
const regionNames = new Intl.DisplayNames([LOCALE], { type: "region" });
const cycles: Readonly<Record<number, string>> = { 1: "monthly", 3: "every 3 months", 12: "yearly" };

export function money(cents: number, currency: string): string {
  return moneyFormat(currency, 2).format(cents / 100);
}

/** Without cents: for figures and charts. */
export function wholeMoney(cents: number, currency: string): string {
  return moneyFormat(currency, 0).format(cents / 100);
}

export function count(value: number): string {
  return value.toLocaleString(LOCALE);
}

export function date(text: string | null): string {
  return text === null ? "—" : dateFormat.format(new Date(text));
}

/** Three letters: en-GB has "Sept". */
export function month(text: string): string {
  return monthFormat.format(new Date(`${text}-01`)).slice(0, 3);
}

/** Basis points: 2550 is 25.5 %. */
export function percent(basisPoints: number): string {
  return `${(basisPoints / 100).toLocaleString(LOCALE)}%`;
}

export function country(code: string): string {
  return regionNames.of(code) ?? code;
}

export function cycle(months: number): string {
  return cycles[months] ?? `every ${months} months`;
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

function moneyFormat(currency: string, digits: number): Intl.NumberFormat {
  const key = `${currency}${digits}`;
  const known = moneyFormats.get(key);
  if (known) return known;
  const format = new Intl.NumberFormat(LOCALE, {
    style: "currency",
    currency,
    currencyDisplay: "narrowSymbol",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  moneyFormats.set(key, format);
  return format;
}
