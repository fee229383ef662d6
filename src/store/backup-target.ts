import type { Knex } from "knex";
import path from "node:path";
import type { BackupTarget } from "../core/backup.js";
import { UpgateError } from "../core/errors.js";
import type { DatabaseSource } from "./connect.js";

type Ssl = Extract<BackupTarget, { dialect: "mysql" }>["ssl"];

interface MysqlConnection {
  readonly host?: string;
  readonly port?: number | string;
  readonly socketPath?: string;
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  readonly ssl?: Exclude<Ssl, null> | string | boolean | null | undefined;
}

/** The source as the database's own tools need it. Throws `ERR_UPGATE_BACKUP_TOOL` where it can't be told to them. */
export async function backupTarget({ dialect, config }: DatabaseSource): Promise<BackupTarget> {
  const connection = await provided(config.connection);
  if (dialect === "sqlite") return { dialect, filename: path.resolve((connection as { filename: string }).filename) };
  const { host, port, socketPath, user, password, database, ssl } =
    typeof connection === "string" ? parseAddress(connection) : (connection as MysqlConnection);
  return {
    dialect,
    host: host ?? "localhost",
    port: Number(port ?? 3306),
    socketPath: socketPath ?? null,
    user: user ?? "",
    password: password ?? "",
    database: database ?? "",
    ssl: sslOf(ssl),
  };
}

async function provided(connection: Knex.Config["connection"]): Promise<unknown> {
  return typeof connection === "function" ? (connection as () => unknown)() : connection;
}

function parseAddress(address: string): MysqlConnection {
  const url = new URL(address);
  const ssl = url.searchParams.get("ssl");
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    ...(url.port === "" ? {} : { port: url.port }),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
    ...(url.searchParams.has("socketPath") ? { socketPath: url.searchParams.get("socketPath") as string } : {}),
    ...(ssl === null ? {} : { ssl: parseSsl(ssl) }),
  };
}

/** mysql2 takes JSON, or the name of a set of certificates. */
function parseSsl(text: string): MysqlConnection["ssl"] {
  try {
    return JSON.parse(text) as MysqlConnection["ssl"];
  } catch {
    return text;
  }
}

const PEM_PARTS = ["ca", "cert", "key"] as const;

function sslOf(ssl: MysqlConnection["ssl"]): Ssl {
  if (!ssl) return null;
  // A set of the cloud's certificates by name, such as "Amazon RDS": encrypted all the same.
  if (typeof ssl !== "object") return {};
  const pem = PEM_PARTS.filter((name) => ssl[name] !== undefined).map((name) => [name, pemText(name, ssl[name])] as const);
  return { ...Object.fromEntries(pem), ...(ssl.rejectUnauthorized === undefined ? {} : { rejectUnauthorized: ssl.rejectUnauthorized }) };
}

/** tls.connect takes texts, buffers, and arrays of them. */
function pemText(name: string, value: unknown): string {
  const parts = (Array.isArray(value) ? value : [value]) as unknown[];
  if (parts.every((part) => typeof part === "string" || Buffer.isBuffer(part))) return parts.map(String).join("\n");
  const message = `The connection's ssl.${name} can't be handed to the database's backup programs.`;
  throw new UpgateError("ERR_UPGATE_BACKUP_TOOL", message, {
    remedy: "Give it as PEM text, or make backups with a driver of your own (option backup.driver).",
  });
}
