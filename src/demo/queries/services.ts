import type { Knex } from "knex";
import { addDays } from "../dates.js";

export interface Service {
  readonly id: number;
  readonly customer_id: number;
  readonly label: string;
  readonly product: string;
  readonly status: "active" | "suspended" | "cancelled";
  readonly cycle_months: number;
  readonly price_cents: number;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly next_renewal_at: string | null;
}

interface Renewal extends Service {
  readonly customer: string;
  readonly currency: string;
}

export async function listServices(knex: Knex, customerId: number): Promise<Service[]> {
  return services(knex).where("services.customer_id", customerId).orderByRaw("services.status <> 'active', services.id");
}

export async function findService(knex: Knex, customerId: number, id: number): Promise<Service | undefined> {
  const [service]: Service[] = await services(knex).where({ "services.customer_id": customerId, "services.id": id });
  return service;
}

export async function listRenewals(knex: Knex, today: string, limit: number): Promise<Renewal[]> {
  return services(knex)
    .join("customers", "customers.id", "services.customer_id")
    .select({ customer: "customers.name", currency: "customers.currency" })
    .where("services.status", "active")
    .whereBetween("services.next_renewal_at", [today, addDays(today, 14)])
    .orderBy([{ column: "services.next_renewal_at" }, { column: "services.price_cents", order: "desc" }])
    .limit(limit);
}

function services(knex: Knex): Knex.QueryBuilder {
  return knex("services").join("products", "products.id", "services.product_id").select("services.*", { product: "products.name" });
}
