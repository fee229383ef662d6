import { randomBytes } from "node:crypto";
import type { Knex } from "knex";
import { whileBusy } from "./tables.js";

/** `cookie`: signs the wizard's cookies and tokens. `install-key`: the generated key's SHA-256. `journal`: keys what the journal hashes. */
export type SecretName = "cookie" | "install-key" | "journal";

interface SecretRow {
  name: SecretName;
  value: string;
  created_at: string;
}

export async function readSecret(knex: Knex, name: SecretName): Promise<string | null> {
  return (await knex<SecretRow>("upgate_secret").where({ name }).first("value"))?.value ?? null;
}

/** Writes the secret unless there is one; true when this call wrote it. Of several processes one wins. */
export async function insertSecret(knex: Knex, name: SecretName, value: string, createdAt: string): Promise<boolean> {
  await knex<SecretRow>("upgate_secret").insert({ name, value, created_at: createdAt }).onConflict("name").ignore();
  return (await readSecret(knex, name)) === value;
}

export async function deleteSecret(knex: Knex, name: SecretName): Promise<boolean> {
  return (await knex<SecretRow>("upgate_secret").where({ name }).delete()) > 0;
}

/** A secret that all nodes share, made at random by the first that needs it. */
export async function ensureSecret(knex: Knex, name: "cookie" | "journal", createdAt: string): Promise<string> {
  const known = await readSecret(knex, name);
  if (known !== null) return known;
  await whileBusy(() => insertSecret(knex, name, randomBytes(32).toString("base64url"), createdAt));
  return (await readSecret(knex, name)) as string;
}
