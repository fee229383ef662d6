import type { Knex } from "knex";
import { lastMonths, monthOf } from "../dates.js";
import { OPEN_STATUSES } from "./invoices.js";

interface OpenInvoices {
  readonly open: number;
  readonly overdue: number;
  /** In the company's currency. */
  readonly openCents: number;
  readonly overdueCents: number;
}

interface CurrencyRevenue {
  readonly currency: string;
  /** In that currency. */
  readonly cents: number;
  /** Of the whole, after conversion: 0 to 100. */
  readonly percent: number;
}

/** An amount in the company's currency, from a row joined with its currency. */
const converted = (column: string) => `SUM(${column} * currencies.rate_e4 / 10000.0)`;

/** Payments of the last twelve months by month, in cents of the company's currency. */
export async function revenueByMonth(knex: Knex, today: string): Promise<Map<string, number>> {
  const rows: { month: string; cents: number | string }[] = await paymentsSince(knex, firstDay(today, 12))
    .select(knex.raw("SUBSTR(payments.paid_at, 1, 7) AS month"), knex.raw(`${converted("payments.amount_cents")} AS cents`))
    .groupByRaw("SUBSTR(payments.paid_at, 1, 7)");
  return new Map(rows.map(({ month, cents }) => [month, Math.round(Number(cents))]));
}

export async function revenueByCurrency(knex: Knex, today: string): Promise<CurrencyRevenue[]> {
  const rows: { currency: string; cents: number | string; own: number | string }[] = await paymentsSince(knex, firstDay(today, 12))
    .select(
      { currency: "currencies.code" },
      knex.raw("SUM(payments.amount_cents) AS cents"),
      knex.raw(`${converted("payments.amount_cents")} AS own`),
    )
    .groupBy("currencies.code")
    .orderBy("own", "desc");
  const whole = rows.reduce((sum, row) => sum + Number(row.own), 0);
  return rows.map((row) => ({ currency: row.currency, cents: Number(row.cents), percent: Math.round((Number(row.own) / whole) * 100) }));
}

export async function openInvoices(knex: Knex): Promise<OpenInvoices> {
  const rows: { status: string; n: number; cents: number | string }[] = await knex("invoices")
    .join("currencies", "currencies.code", "invoices.currency")
    .whereIn("status", OPEN_STATUSES)
    .select("status", knex.raw("COUNT(*) AS n"), knex.raw(`${converted("total_cents")} AS cents`))
    .groupBy("status");
  const unpaid = rows.find((row) => row.status === "unpaid");
  const overdue = rows.find((row) => row.status === "overdue");
  const overdueCents = Math.round(Number(overdue?.cents ?? 0));
  return {
    open: Number(unpaid?.n ?? 0) + Number(overdue?.n ?? 0),
    overdue: Number(overdue?.n ?? 0),
    openCents: Math.round(Number(unpaid?.cents ?? 0)) + overdueCents,
    overdueCents,
  };
}

export async function countActiveServices(knex: Knex): Promise<number> {
  const rows = await knex("services").where("status", "active").count<{ n: number }[]>({ n: "*" });
  return Number(rows[0]?.n ?? 0);
}

function paymentsSince(knex: Knex, date: string): Knex.QueryBuilder {
  return knex("payments")
    .join("invoices", "invoices.id", "payments.invoice_id")
    .join("currencies", "currencies.code", "invoices.currency")
    .where("payments.paid_at", ">=", date);
}

function firstDay(today: string, months: number): string {
  return `${lastMonths(today, months)[0] ?? monthOf(today)}-01`;
}
