import { pathToFileURL } from "node:url";
import type { Knex } from "knex";
import type { StatementInDoubt } from "../../src/core/migration.js";
import type { Chapter } from "./chapter.js";
import { onDatabase } from "./outcome.js";

interface TruthModule {
  /** What an operator who looks into the database would find: whether the statement was carried out. */
  truth?(knex: Knex, inDoubt: StatementInDoubt): Promise<boolean>;
}

/** The operator's answer to a statement in doubt. */
export async function answerOf(chapter: Chapter, address: string, inDoubt: StatementInDoubt): Promise<"applied" | "again"> {
  for (const file of chapter.files) {
    const { truth } = (await import(pathToFileURL(file).href)) as TruthModule;
    if (truth) return (await onDatabase(address, (knex) => truth(knex, inDoubt))) ? "applied" : "again";
  }
  throw new Error(`In doubt, and nothing of ${chapter.name} tells the truth: ${inDoubt.statement} (${inDoubt.why})`);
}
