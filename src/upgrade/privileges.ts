/** Without these no upgrade works. */
const NEEDED = ["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP"] as const;
/** Only some migrations need these. */
const OFTEN_NEEDED = ["INDEX", "REFERENCES"] as const;

export interface MissingPrivileges {
  readonly needed: readonly string[];
  readonly oftenNeeded: readonly string[];
}

/**
 * What an account lacks to upgrade a database. `grants`: the lines of `SHOW GRANTS`, of MySQL or MariaDB; privileges on
 * single tables and columns don't count, because migrations make new tables. Patterns in database names are followed.
 */
export function missingPrivileges(grants: readonly string[], database: string): MissingPrivileges {
  const held = new Set<string>();
  for (const { verb, privileges, pattern } of grants.flatMap(parseGrant)) {
    if (!matches(pattern, database)) continue;
    const named = privileges.includes("ALL PRIVILEGES") ? [...NEEDED, ...OFTEN_NEEDED] : privileges;
    for (const privilege of named) {
      if (verb === "GRANT") held.add(privilege);
      else held.delete(privilege);
    }
  }
  return { needed: NEEDED.filter((name) => !held.has(name)), oftenNeeded: OFTEN_NEEDED.filter((name) => !held.has(name)) };
}

interface Grant {
  readonly verb: string;
  readonly privileges: readonly string[];
  /** Of database names, unquoted; `*` is all. */
  readonly pattern: string;
}

function parseGrant(line: string): Grant[] {
  const match = /^(GRANT|REVOKE) (.+?) ON (\*|`(?:[^`]|``)+`|"(?:[^"]|"")+"|[^\s.`"]+)\.\* (?:TO|FROM) /i.exec(line);
  if (!match) return [];
  const [, verb = "", list = "", quoted = ""] = match;
  const pattern = quoted.replace(/^[`"]|[`"]$/g, "").replace(/``/g, "`");
  return [{ verb: verb.toUpperCase(), privileges: list.split(",").map((name) => name.trim().toUpperCase()), pattern }];
}

/** `_` and `%` stand for one and for any number of characters unless a backslash is before them. */
function matches(pattern: string, database: string): boolean {
  if (pattern === "*") return true;
  const expression = pattern.replace(/\\([_%])|([_%])|([^\w\s])/g, (_all, literal?: string, wildcard?: string, special?: string) => {
    if (literal !== undefined) return literal;
    if (wildcard !== undefined) return wildcard === "_" ? "." : ".*";
    return `\\${special}`;
  });
  return new RegExp(`^${expression}$`, "s").test(database);
}
