import type { Check } from "../core/check.js";
import { MIB, sizeOf } from "../core/size.js";
import type { ServerSettings } from "../store/server-settings.js";

/** Less, and a single long statement or row may be refused; MySQL's own default is 64 MiB, MariaDB's 16. */
const LEAST_PACKET_BYTES = 16 * MIB;

const STRICT = ["STRICT_TRANS_TABLES", "STRICT_ALL_TABLES", "TRADITIONAL"];

/** Modes under which statements mean something else than they were written for. */
const ODD_MODES: Readonly<Record<string, string>> = {
  ANSI_QUOTES: "texts in double quotes are taken for names",
  NO_BACKSLASH_ESCAPES: "texts that the driver has escaped with backslashes are read wrongly",
  PIPES_AS_CONCAT: "|| joins texts",
  ORACLE: "the server speaks Oracle's dialect",
  MSSQL: "the server speaks another server's dialect",
};

export function sqlModeCheck({ sqlMode }: Pick<ServerSettings, "sqlMode">): Check {
  const common = { id: "sql-mode", title: "SQL mode" };
  const odd = sqlMode.filter((mode) => mode in ODD_MODES);
  if (odd.length > 0) {
    const list = odd.map((mode) => `${mode} (${ODD_MODES[mode]})`).join(", ");
    const remedy = `Take ${odd.join(", ")} out of the server's sql_mode, or ask your vendor whether the application needs it.`;
    return { ...common, severity: "warning", message: `The server runs with ${list}.`, remedy };
  }
  if (!sqlMode.some((mode) => STRICT.includes(mode))) {
    const remedy = "Add STRICT_TRANS_TABLES to the server's sql_mode, unless your vendor says otherwise.";
    return { ...common, severity: "warning", message: "It is not strict: values that don't fit are cut off without an error.", remedy };
  }
  return { ...common, severity: "ok", message: "Strict.", remedy: null };
}

/** Dates that the database fills in by itself are the session's. */
export function timeZoneCheck(
  settings: Pick<ServerSettings, "sessionTimeZone" | "globalTimeZone" | "systemTimeZone" | "offsetMinutes">,
): Check {
  const common = { id: "time-zone", title: "Time zone" };
  const { sessionTimeZone, globalTimeZone, systemTimeZone, offsetMinutes } = settings;
  const offset = offsetOf(offsetMinutes);
  const named = (zone: string): string => (zone === "SYSTEM" ? `${systemTimeZone}, as the server's machine has it` : zone);
  if (sessionTimeZone === globalTimeZone)
    return { ...common, severity: "ok", message: `${named(sessionTimeZone)} (UTC${offset}).`, remedy: null };
  return {
    ...common,
    severity: "info",
    message: `The application's sessions have ${named(sessionTimeZone)} (UTC${offset}), others on this server ${named(globalTimeZone)}.`,
    remedy: "Nothing to do where that is meant so. Programs with sessions of their own write other times.",
  };
}

/** `+02:00`. */
function offsetOf(minutes: number): string {
  const size = Math.abs(minutes);
  const two = (number: number): string => String(number).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

export function packetCheck({ maxAllowedPacketBytes: bytes }: Pick<ServerSettings, "maxAllowedPacketBytes">): Check {
  const common = { id: "max-allowed-packet", title: "Longest statement" };
  if (bytes >= LEAST_PACKET_BYTES) return { ...common, severity: "ok", message: `max_allowed_packet is ${sizeOf(bytes)}.`, remedy: null };
  return {
    ...common,
    severity: "warning",
    message: `max_allowed_packet is ${sizeOf(bytes)}: a migration, or a backup that is restored, may send more at once.`,
    remedy: `Have the server's max_allowed_packet raised to ${sizeOf(LEAST_PACKET_BYTES)} or more.`,
  };
}

export function readOnlyCheck({ readOnly }: Pick<ServerSettings, "readOnly">): Check {
  const common = { id: "read-only", title: "Writing" };
  if (readOnly.length === 0) return { ...common, severity: "ok", message: "The server takes changes.", remedy: null };
  return {
    ...common,
    severity: "danger",
    blocking: true,
    message: `The server is set to read-only (${readOnly.join(", ")}).`,
    remedy: "Have the setting turned off; if this server is a replica, name the one that takes the writes in the option database.",
  };
}
