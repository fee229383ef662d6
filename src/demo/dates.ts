/** Dates are ISO 8601 text without a time, `2026-03-31`, in UTC: they sort and compare as they are. */

export function isoDate(date: Date): string {
  return date.toISOString().slice(0, 10);
}

export function today(): string {
  return isoDate(new Date());
}

export function addDays(date: string, days: number): string {
  return isoDate(new Date(Date.parse(date) + days * 86_400_000));
}

/** The same day of a later month, or that month's last day: 31 January + 1 is 28 or 29 February. */
export function addMonths(date: string, months: number): string {
  const [year = 0, month = 1, day = 1] = date.split("-").map(Number);
  const lastDay = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return isoDate(new Date(Date.UTC(year, month - 1 + months, Math.min(day, lastDay))));
}

/** `2026-03` of `2026-03-31`. */
export function monthOf(date: string): string {
  return date.slice(0, 7);
}

/** The last `count` months up to and with that of `date`, oldest first. */
export function lastMonths(date: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => monthOf(addMonths(`${monthOf(date)}-01`, index - count + 1)));
}
