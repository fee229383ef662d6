import type { Knex } from "knex";

export const INVOICE_STATUSES = ["unpaid", "overdue", "paid", "void"] as const;
type InvoiceStatus = (typeof INVOICE_STATUSES)[number];
export const OPEN_STATUSES: readonly InvoiceStatus[] = ["unpaid", "overdue"];

interface Invoice {
  readonly id: number;
  readonly number: string;
  readonly customer_id: number;
  readonly status: InvoiceStatus;
  readonly issued_at: string;
  readonly due_at: string;
  readonly currency: string;
  readonly total_cents: number;
  readonly tax_rate_bp: number;
  /** Contained in the total. */
  readonly tax_cents: number;
}

interface InvoiceListed extends Invoice {
  readonly customer: string;
}

interface InvoiceLine {
  readonly service_id: number | null;
  readonly description: string;
  readonly quantity: number;
  readonly unit_cents: number;
  readonly period_start: string;
  readonly period_end: string;
}

interface Payment {
  readonly amount_cents: number;
  readonly method: string;
  readonly paid_at: string;
}

export function isInvoiceStatus(value: unknown): value is InvoiceStatus {
  return INVOICE_STATUSES.includes(value as InvoiceStatus);
}

export async function countInvoices(knex: Knex, status: InvoiceStatus | null): Promise<number> {
  const rows = await knex("invoices")
    .count<{ n: number }[]>({ n: "*" })
    .where(status ? { status } : {});
  return Number(rows[0]?.n ?? 0);
}

export async function listInvoices(knex: Knex, status: InvoiceStatus | null, limit: number, offset = 0): Promise<InvoiceListed[]> {
  return knex("invoices")
    .join("customers", "customers.id", "invoices.customer_id")
    .select<InvoiceListed[]>("invoices.*", { customer: "customers.name" })
    .where(status ? { status } : {})
    .orderBy([
      { column: "issued_at", order: "desc" },
      { column: "invoices.id", order: "desc" },
    ])
    .limit(limit)
    .offset(offset);
}

export async function invoicesOfCustomer(knex: Knex, customerId: number): Promise<Invoice[]> {
  return knex("invoices").select<Invoice[]>("*").where({ customer_id: customerId }).orderBy("number", "desc");
}

export async function invoicesOfService(knex: Knex, serviceId: number): Promise<Invoice[]> {
  const invoiceIds = knex("invoice_lines").select("invoice_id").where({ service_id: serviceId });
  return knex("invoices").select<Invoice[]>("*").whereIn("id", invoiceIds).orderBy("number", "desc");
}

export async function findInvoice(knex: Knex, customerId: number, number: string): Promise<Invoice | undefined> {
  return knex("invoices").first<Invoice | undefined>("*").where({ customer_id: customerId, number });
}

export async function linesOfInvoice(knex: Knex, invoiceId: number): Promise<InvoiceLine[]> {
  return knex("invoice_lines").select<InvoiceLine[]>("*").where({ invoice_id: invoiceId }).orderBy("id");
}

export async function paymentsOfInvoice(knex: Knex, invoiceId: number): Promise<Payment[]> {
  return knex("payments").select<Payment[]>("*").where({ invoice_id: invoiceId }).orderBy("id");
}

/** Pays an open invoice in full. False when it was not open: paid a moment ago, or void. */
export async function payInvoice(knex: Knex, invoice: Invoice, today: string): Promise<boolean> {
  return knex.transaction(async (transaction) => {
    const changed = await transaction("invoices").where({ id: invoice.id }).whereIn("status", OPEN_STATUSES).update({ status: "paid" });
    if (changed === 0) return false;
    await transaction("payments").insert({ invoice_id: invoice.id, amount_cents: invoice.total_cents, method: "Card", paid_at: today });
    return true;
  });
}

export async function markOverdueInvoices(knex: Knex, today: string): Promise<void> {
  await knex("invoices").where("status", "unpaid").where("due_at", "<", today).update({ status: "overdue" });
}
