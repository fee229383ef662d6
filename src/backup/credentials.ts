import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { rootCertificates } from "node:tls";
import type { BackupTarget } from "../core/backup.js";
import { momentFolder } from "./leftovers.js";
import type { Tool } from "./find-program.js";

export type MysqlTarget = Extract<BackupTarget, { dialect: "mysql" }>;

export interface Credentials extends Disposable {
  /** For `--defaults-file`: the only file of options that the tool reads, so that nothing of the machine's changes what it does. */
  readonly file: string;
}

/**
 * The account's data in a file of mode 0600 below `workDir`, for one tool and its kind of settings; gone when disposed. What dead
 * processes left is removed on the way. `more`: lines for that file.
 */
export function writeCredentials(
  target: MysqlTarget,
  tool: Pick<Tool, "flavor">,
  workDir: string,
  more: readonly string[] = [],
): Credentials {
  const folder = momentFolder(workDir, "credentials");
  const write = (name: string, text: string): string => {
    writeFileSync(path.join(folder, name), text, { mode: 0o600 });
    return path.join(folder, name);
  };
  const options = { ...addressOptions(target), ...tlsOptions(target, tool, write) };
  const lines = Object.entries(options).map(([name, value]) => (value === null ? name : `${name}=${optionValue(value)}`));
  const file = write("client.cnf", `[client]\n${[...lines, ...more].join("\n")}\n`);
  return { file, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

function addressOptions({ host, port, socketPath, user, password }: MysqlTarget): Record<string, string | null> {
  if (socketPath !== null) return { user, password, socket: socketPath, protocol: "socket" };
  return { user, password, host, port: String(port), protocol: "tcp" };
}

/**
 * As mysql2 does it: without `ssl` no server is refused for having no TLS; with it the server's certificate has to be good unless
 * `rejectUnauthorized` is false. MariaDB's programs then check the host's name as well. MySQL's take TLS where there is some.
 */
function tlsOptions(
  { ssl }: MysqlTarget,
  { flavor }: Pick<Tool, "flavor">,
  write: (name: string, text: string) => string,
): Record<string, string | null> {
  if (ssl === null) return flavor === "MariaDB" ? { "skip-ssl": null } : { "ssl-mode": "PREFERRED", "loose-get-server-public-key": null };
  const verified = ssl.rejectUnauthorized !== false;
  const texts = { ...ssl, ca: ssl.ca ?? (verified ? rootCertificates.join("\n") : undefined) };
  const files: Record<string, string | null> = {};
  for (const kind of ["ca", "cert", "key"] as const) {
    const text = texts[kind];
    if (text !== undefined) files[`ssl-${kind}`] = write(`${kind}.pem`, text);
  }
  if (flavor === "MySQL") return { ...files, "ssl-mode": verified ? "VERIFY_CA" : "REQUIRED" };
  return { ...files, ssl: null, [verified ? "ssl-verify-server-cert" : "skip-ssl-verify-server-cert"]: null };
}

/** Quoted and escaped, as files of options have it. */
export function optionValue(value: string): string {
  const escapes: Record<string, string> = { "\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  return `"${value.replace(/[\\"\n\r\t]/g, (character) => escapes[character] ?? character)}"`;
}
