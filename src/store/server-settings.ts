import type { Knex } from "knex";

/** What MySQL or MariaDB is set to, as the store's own session sees it. */
export interface ServerSettings {
  readonly sqlMode: readonly string[];
  /** `SYSTEM`, `+02:00`, `Europe/Berlin`. */
  readonly sessionTimeZone: string;
  readonly globalTimeZone: string;
  /** Of the server's machine, as it calls it: `UTC`, `CEST`. */
  readonly systemTimeZone: string;
  /** East of UTC, minutes, of the session. */
  readonly offsetMinutes: number;
  readonly maxAllowedPacketBytes: number;
  /** As the server writes it: `InnoDB`. */
  readonly defaultEngine: string;
  /** Those that are on, of `read_only`, `super_read_only`, `innodb_read_only`, `transaction_read_only` (`tx_read_only`). */
  readonly readOnly: readonly string[];
  /** The server is a node of a Galera cluster. */
  readonly isGalera: boolean;
  /** `TOI`, `RSU`, `NBO`; null elsewhere. */
  readonly galeraDdl: string | null;
  /** Absolute, on the server's machine. */
  readonly dataFolder: string;
  readonly hostname: string;
}

const READ_ONLY = ["read_only", "super_read_only", "innodb_read_only", "transaction_read_only", "tx_read_only"] as const;
const NAMES = [
  ...READ_ONLY,
  "sql_mode",
  "time_zone",
  "system_time_zone",
  "max_allowed_packet",
  "default_storage_engine",
  "wsrep_on",
  "wsrep_osu_method",
  "datadir",
  "hostname",
];

/** By SHOW, because a variable that a server does not have is then no error. */
export async function readServerSettings(knex: Knex): Promise<ServerSettings> {
  const of = await readNamed(knex, "SHOW SESSION VARIABLES", NAMES);
  const globally = await readNamed(knex, "SHOW GLOBAL VARIABLES", ["time_zone"]);
  const { minutes }: { minutes: number } = await knex.first(knex.raw("TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(), NOW()) AS minutes"));
  const text = (name: string): string => of.get(name) ?? "";
  return {
    sqlMode: text("sql_mode").split(",").filter(Boolean),
    sessionTimeZone: text("time_zone"),
    globalTimeZone: globally.get("time_zone") ?? "",
    systemTimeZone: text("system_time_zone"),
    offsetMinutes: Number(minutes),
    maxAllowedPacketBytes: Number(text("max_allowed_packet")),
    defaultEngine: text("default_storage_engine"),
    readOnly: READ_ONLY.filter((name) => isOn(text(name))),
    isGalera: isOn(text("wsrep_on")),
    galeraDdl: of.get("wsrep_osu_method") ?? null,
    dataFolder: text("datadir"),
    hostname: text("hostname"),
  };
}

/** By lower-case name. `show`: the statement up to its WHERE. */
export async function readNamed(knex: Knex, show: string, names: readonly string[]): Promise<Map<string, string>> {
  const marks = names.map(() => "?").join(", ");
  const [rows] = (await knex.raw(`${show} WHERE Variable_name IN (${marks})`, [...names])) as [
    { readonly Variable_name: string; readonly Value: string }[],
  ];
  return new Map(rows.map((row) => [row.Variable_name.toLowerCase(), row.Value]));
}

/** MariaDB 12 knows more kinds of read-only than one. */
function isOn(value: string): boolean {
  return !["", "0", "OFF", "FALSE"].includes(value.toUpperCase());
}
