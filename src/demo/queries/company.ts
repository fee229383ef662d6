import type { Knex } from "knex";

export interface Company {
  readonly name: string;
  readonly tagline: string;
  readonly email: string;
  readonly street: string;
  readonly city: string;
  readonly country: string;
  readonly legal_note: string;
  readonly currency: string;
  readonly tax_id: string | null;
  readonly invoice_footer: string;
}

export interface Currency {
  readonly code: string;
  readonly name: string;
}

export interface Product {
  readonly category: string;
  readonly name: string;
  readonly description: string;
  readonly features: string;
  readonly price_cents: number;
}

/** `currency` came with 8.6.0, `tax_id` and `invoice_footer` with 8.6.1: before the upgrade this query fails. */
export async function readCompany(knex: Knex): Promise<Company> {
  const columns = ["name", "tagline", "email", "street", "city", "country", "legal_note", "currency", "tax_id", "invoice_footer"];
  const company = await knex("company").first<Company | undefined>(columns);
  if (!company) throw new Error("The table company is empty.");
  return company;
}

export async function listCurrencies(knex: Knex): Promise<Currency[]> {
  return knex("currencies").select<Currency[]>("code", "name").orderBy("code");
}

/** The catalogue by category, in the order of the shelf. */
export async function readCatalogue(knex: Knex): Promise<Map<string, Product[]>> {
  const products = await knex("products")
    .select<Product[]>("category", "name", "description", "features", "price_cents")
    .orderBy("position");
  const byCategory = new Map<string, Product[]>();
  for (const product of products) byCategory.set(product.category, [...(byCategory.get(product.category) ?? []), product]);
  return byCategory;
}
