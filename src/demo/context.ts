import type { Knex } from "knex";
import type { Company, Currency } from "./queries/company.js";

/** What every page of the panel works with: the database, and what is read once at boot. */
export interface BillingContext {
  readonly knex: Knex;
  readonly company: Company;
  readonly currencies: readonly Currency[];
}
