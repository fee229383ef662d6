import type { Knex } from "knex";
import { OPEN_STATUSES } from "./invoices.js";

export interface Customer {
  readonly id: number;
  readonly name: string;
  readonly organisation: string | null;
  readonly email: string;
  readonly city: string;
  readonly country: string;
  readonly currency: string;
  readonly created_at: string;
}

interface CustomerListed extends Customer {
  readonly services: number;
  readonly open_invoices: number;
  readonly open_cents: number;
}

export async function findCustomer(knex: Knex, id: number): Promise<Customer | undefined> {
  return knex("customers").first<Customer | undefined>("*").where({ id });
}

export async function countCustomers(knex: Knex): Promise<number> {
  const row = await knex("customers").count<{ n: number }[]>({ n: "*" });
  return Number(row[0]?.n ?? 0);
}

/** Descending, the newest first among equals. */
export async function listCustomers(
  knex: Knex,
  order: "created_at" | "open_invoices",
  limit: number,
  offset = 0,
): Promise<CustomerListed[]> {
  const open = "customer_id = customers.id AND status IN (?, ?)";
  const rows: CustomerListed[] = await knex("customers")
    .select("customers.*")
    .select(
      knex.raw("(SELECT COUNT(*) FROM services WHERE customer_id = customers.id AND status = 'active') AS services"),
      knex.raw(`(SELECT COUNT(*) FROM invoices WHERE ${open}) AS open_invoices`, OPEN_STATUSES),
      knex.raw(`(SELECT SUM(total_cents) FROM invoices WHERE ${open}) AS open_cents`, OPEN_STATUSES),
    )
    .orderBy([
      { column: order, order: "desc" },
      { column: "id", order: "desc" },
    ])
    .limit(limit)
    .offset(offset);
  return rows.map((row) => ({
    ...row,
    services: Number(row.services),
    open_invoices: Number(row.open_invoices),
    open_cents: Number(row.open_cents ?? 0),
  }));
}
