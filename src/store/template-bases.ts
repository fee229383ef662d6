import type { Knex } from "knex";
import type { EarlierStock, TemplateBase } from "../core/template-review.js";
import { setFact } from "./facts.js";

/** Rows in one statement. */
const AT_ONCE = 100;
/** Facts of this module by name: the prefix and the template's id. */
const PREFIX = "template:";

interface FactRow {
  name: string;
  value: string;
}

/** As it lies in the database; `stock`: SHA-256, `absent` or `unknown`. */
interface Recorded {
  /** For people who look into the table. */
  readonly file: string;
  readonly version: string;
  readonly stock: string;
  readonly reviewedAt: string | null;
}

/** What each custom template was last held against, by its id. A row that can't be read counts as none. */
export async function readTemplateBases(knex: Knex): Promise<Map<string, TemplateBase>> {
  const rows: FactRow[] = await knex<FactRow>("upgate_fact").where("name", "like", `${PREFIX}%`).select("name", "value");
  return new Map(
    rows.flatMap(({ name, value }) => {
      const base = baseOf(value);
      return base ? [[name.slice(PREFIX.length), base] as const] : [];
    }),
  );
}

/** For templates that are seen for the first time: the first writer's value stays. */
export async function insertTemplateBases(
  knex: Knex,
  bases: readonly { readonly id: string; readonly name: string; readonly base: TemplateBase }[],
): Promise<void> {
  const rows = bases.map(({ id, name, base }) => ({ name: PREFIX + id, value: valueOf(name, base) }));
  for (let start = 0; start < rows.length; start += AT_ONCE)
    await knex<FactRow>("upgate_fact")
      .insert(rows.slice(start, start + AT_ONCE))
      .onConflict("name")
      .ignore();
}

export async function setTemplateBase(knex: Knex, id: string, name: string, base: TemplateBase): Promise<void> {
  await setFact(knex, PREFIX + id, valueOf(name, base));
}

function valueOf(file: string, { version, stock, reviewedAt }: TemplateBase): string {
  return JSON.stringify({ file, version, stock: stock.kind === "known" ? stock.hash : stock.kind, reviewedAt } satisfies Recorded);
}

function baseOf(value: string): TemplateBase | null {
  try {
    const { version, stock, reviewedAt } = JSON.parse(value) as Recorded;
    return typeof version === "string" && typeof stock === "string" ? { version, stock: stockOf(stock), reviewedAt } : null;
  } catch {
    return null;
  }
}

function stockOf(stock: string): EarlierStock {
  return stock === "absent" || stock === "unknown" ? { kind: stock } : { kind: "known", hash: stock };
}
