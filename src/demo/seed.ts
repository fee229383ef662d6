import type { Knex } from "knex";
import { addDays, addMonths, isoDate } from "./dates.js";
import { Random } from "./random.js";
import { inventPerson } from "./seed-names.js";

const CUSTOMERS = 400;
const MONTHS = 18;
const ROWS_PER_STATEMENT = 200;

interface Product {
  readonly id: number;
  readonly name: string;
  readonly category: string;
  readonly price_cents: number;
}

interface Service {
  readonly id: number;
  readonly customer_id: number;
  readonly product_id: number;
  readonly label: string;
  readonly status: string;
  readonly cycle_months: number;
  readonly price_cents: number;
  readonly started_at: string;
  readonly ended_at: string | null;
}

interface Billing {
  readonly services: readonly Service[];
  readonly products: ReadonlyMap<number, Product>;
  readonly issuedAt: string;
  readonly cycleMonths: number;
}

type Row = Record<string, string | number | null>;
type Tables = Record<"customers" | "services" | "invoices" | "invoice_lines" | "payments", Row[]>;

/** Fills a database as release 8.5.0 left it: the 8.5.0 migrations have run, nothing else. Made-up data, the same each time but for the dates. */
export async function seedBaseline(knex: Knex, now: Date = new Date()): Promise<void> {
  const products = await knex("products").select<Product[]>("id", "name", "category", "price_cents").orderBy("position");
  const tables = inventTables(products, isoDate(now), new Random(8500));
  await knex.transaction(async (transaction) => {
    for (const [table, rows] of Object.entries(tables)) await transaction.batchInsert(table, rows, ROWS_PER_STATEMENT);
  });
}

function inventTables(products: readonly Product[], today: string, random: Random): Tables {
  const tables: Tables = { customers: [], services: [], invoices: [], invoice_lines: [], payments: [] };
  const byId = new Map(products.map((product) => [product.id, product]));
  const billings: Billing[] = [];
  const starts = Array.from({ length: CUSTOMERS }, () => inventStart(random, today)).toSorted();
  starts.forEach((startedAt, index) => {
    const { domain, ...person } = inventPerson(random, index + 101);
    const customerId = index + 1;
    tables.customers.push({ id: customerId, ...person, created_at: startedAt });
    const cycleMonths = random.pick([1, 1, 1, 1, 1, 1, 3, 3, 12, 12]);
    const services = inventServices({
      random,
      products,
      customerId,
      domain,
      startedAt,
      cycleMonths,
      today,
      firstId: tables.services.length + 1,
    });
    tables.services.push(...services.map((service) => ({ ...service })));
    billings.push(...billingsOf(services, byId, startedAt, cycleMonths, today));
  });
  billings.sort((a, b) => (a.issuedAt < b.issuedAt ? -1 : a.issuedAt > b.issuedAt ? 1 : 0));
  for (const billing of billings) addInvoice(tables, billing, random, today);
  return tables;
}

/** A third were customers before the period that has invoices; the others joined in its course. */
function inventStart(random: Random, today: string): string {
  const joinedDaysAgo = random.chance(0.33) ? random.integer(MONTHS * 30, MONTHS * 60) : random.integer(3, MONTHS * 30);
  return addDays(today, -joinedDaysAgo);
}

interface ServiceSeed {
  readonly random: Random;
  readonly products: readonly Product[];
  readonly customerId: number;
  readonly domain: string;
  readonly startedAt: string;
  readonly cycleMonths: number;
  readonly today: string;
  readonly firstId: number;
}

/** One main product, and up to three add-ons. */
function inventServices({ random, products, customerId, domain, startedAt, cycleMonths, today, firstId }: ServiceSeed): Service[] {
  const addOns = products.filter((product) => product.category === "Add-ons").filter(() => random.chance(0.42));
  const main = random.pick(products.filter((product) => product.category !== "Add-ons"));
  return [main, ...addOns].map((product, index) => {
    const periods = index === 0 ? 0 : random.integer(0, 3);
    const late = addMonths(startedAt, periods * cycleMonths);
    const start = late <= today ? late : startedAt;
    const { status, endedAt } = inventStatus(random, start, today);
    return {
      id: firstId + index,
      customer_id: customerId,
      product_id: product.id,
      label: product.category === "Virtual servers" ? `vm${random.integer(10, 99)}.${domain}` : domain,
      status,
      cycle_months: cycleMonths,
      price_cents: product.price_cents * (cycleMonths === 12 ? 10 : cycleMonths),
      started_at: start,
      ended_at: endedAt,
    };
  });
}

function inventStatus(random: Random, startedAt: string, today: string): { status: string; endedAt: string | null } {
  const dice = random.next();
  const endedAt = addDays(today, -random.integer(1, 200));
  if (dice < 0.08 && endedAt > startedAt) return { status: "cancelled", endedAt };
  return { status: dice > 0.98 ? "suspended" : "active", endedAt: null };
}

/** Every renewal of a customer's services in the last months up to today, one invoice each. */
function billingsOf(
  services: readonly Service[],
  products: ReadonlyMap<number, Product>,
  startedAt: string,
  cycleMonths: number,
  today: string,
): Billing[] {
  const billings: Billing[] = [];
  const since = addMonths(today, -MONTHS);
  for (let period = 0; ; period++) {
    const issuedAt = addMonths(startedAt, period * cycleMonths);
    if (issuedAt > today) return billings;
    if (issuedAt < since) continue;
    const due = services.filter((service) => service.started_at <= issuedAt && (service.ended_at ?? "9999") > issuedAt);
    if (due.length > 0) billings.push({ services: due, products, issuedAt, cycleMonths });
  }
}

function addInvoice(tables: Tables, { services, products, issuedAt, cycleMonths }: Billing, random: Random, today: string): void {
  const invoiceId = tables.invoices.length + 1;
  const dueAt = addDays(issuedAt, 14);
  const paidAt = addDays(issuedAt, random.chance(0.4) ? 0 : random.integer(1, 12));
  const late = random.chance(0.013);
  const status = random.chance(0.012) ? "void" : late || paidAt > today ? "unpaid" : "paid";
  const customerId = services[0]?.customer_id ?? null;
  tables.invoices.push({
    id: invoiceId,
    number: `INV-${String(invoiceId).padStart(5, "0")}`,
    customer_id: customerId,
    status,
    issued_at: issuedAt,
    due_at: dueAt,
  });
  for (const service of services) {
    const description = `${products.get(service.product_id)?.name ?? "Service"} – ${service.label}`;
    tables.invoice_lines.push({
      invoice_id: invoiceId,
      service_id: service.id,
      description,
      quantity: 1,
      unit_cents: service.price_cents,
      period_start: issuedAt,
      period_end: addMonths(issuedAt, cycleMonths),
    });
  }
  if (status !== "paid") return;
  const amount = services.reduce((sum, service) => sum + service.price_cents, 0);
  tables.payments.push({
    invoice_id: invoiceId,
    amount_cents: amount,
    method: random.pick(["Card", "Card", "Bank transfer", "Direct debit"]),
    paid_at: paidAt,
  });
}
