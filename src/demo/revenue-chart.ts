import { lastMonths } from "./dates.js";

interface RevenueChart {
  readonly maxCents: number;
  readonly bars: readonly { readonly month: string; readonly cents: number; readonly percent: number; readonly current: boolean }[];
}

/** Twelve bars up to this month; months without revenue have a bar of height 0. */
export function revenueChart(centsByMonth: ReadonlyMap<string, number>, today: string): RevenueChart {
  const months = lastMonths(today, 12);
  const maxCents = niceCeiling(Math.max(...months.map((month) => centsByMonth.get(month) ?? 0)));
  const bars = months.map((month, index) => {
    const cents = centsByMonth.get(month) ?? 0;
    return { month, cents, percent: Math.round((cents / maxCents) * 1000) / 10, current: index === months.length - 1 };
  });
  return { maxCents, bars };
}

/** The next round number above, so that also its half is one; at least 100 units of money, in cents. */
function niceCeiling(cents: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(cents, 10_000)));
  const factor = [1, 1.2, 1.6, 2, 3, 4, 6, 8].find((candidate) => cents <= candidate * power) ?? 10;
  return factor * power;
}
