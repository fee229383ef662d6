import type { Database } from "../core/options.js";
import { channelSecrets } from "./notifications/deliver.js";
import type { Settings } from "./settings.js";

/** Passwords and keys that the options hold, as they may stand in a text. What a function provides is not known. */
export function configuredSecrets({ options }: Settings): string[] {
  const { app, admin } = options.database;
  return [
    ...databaseSecrets(app),
    ...(admin === null ? [] : databaseSecrets(admin)),
    options.installKey ?? "",
    ...(options.notifications === null ? [] : channelSecrets(options.notifications)),
  ].filter((secret) => secret !== "");
}

function databaseSecrets(database: Database): string[] {
  const connection: unknown =
    typeof database === "string"
      ? database
      : typeof database === "function"
        ? (database.client as { config?: { connection?: unknown } }).config?.connection
        : database.connection;
  if (typeof connection === "string") return addressSecrets(connection);
  if (typeof connection !== "object" || connection === null) return [];
  const { password, connectionString } = connection as Readonly<Record<string, unknown>>;
  return [
    ...(typeof password === "string" ? [password] : []),
    ...(typeof connectionString === "string" ? addressSecrets(connectionString) : []),
  ];
}

/** The password as it is written in an address, and as it is meant. */
export function addressSecrets(address: string): string[] {
  if (!URL.canParse(address)) return [];
  const { password } = new URL(address);
  return [password, decoded(password)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
