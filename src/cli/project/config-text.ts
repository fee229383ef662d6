import type { KnexfileAccess } from "./knexfile.js";
import type { FoundVersionRow } from "./version-row-search.js";

/** Where the configuration file gets the database from. */
export type DatabaseChoice =
  | { readonly kind: "knexfile"; readonly file: string; readonly access: KnexfileAccess }
  | {
      /** The knexfile must be waited for where nothing may wait: the connection is asked for when it is needed. */
      readonly kind: "late knexfile";
      readonly file: string;
      readonly access: KnexfileAccess;
      readonly client: string;
      readonly useNullAsDefault: boolean;
      readonly tableName: string | null;
    }
  | { readonly kind: "address"; readonly dotenv: boolean; readonly hint: string | null };

export interface ConfigFacts {
  /** Null: taken from package.json; else a literal, because package.json has no usable one. */
  readonly version: string | null;
  readonly database: DatabaseChoice;
  /** These three relative to the project's folder, with `/`. */
  readonly migrations: string;
  readonly license: string | null;
  readonly releaseNotes: string | null;
  /** Null where upgate's default fits. */
  readonly versionRow: FoundVersionRow | null;
  readonly product: string | null;
}

/** The text of upgate.config.mjs. */
export function configText(facts: ConfigFacts): string {
  const { version, database, product } = facts;
  const imports = [
    ...(version === null ? ['import { createRequire } from "node:module";'] : []),
    ...(database.kind === "address" && database.dotenv ? ['import "dotenv/config";'] : []),
    'import { defineConfig } from "upgate";',
    ...(database.kind === "address" ? [] : [knexfileImport(database)]),
  ];
  const blocks = [
    version === null
      ? [
          "// The release that these files are: raise it in package.json with each release.",
          'version: createRequire(import.meta.url)("./package.json").version,',
        ]
      : ["// The release that these files are: raise it with each release.", `version: ${JSON.stringify(version)},`],
    databaseLines(database),
    [`migrations: ${fileUrl(`${facts.migrations}/`)},`],
    ...readingLines(facts),
    ...(facts.versionRow === null ? [] : [versionRowLines(facts.versionRow)]),
    ["// The install key and the logs of upgrades; keep it out of version control.", `dataDir: ${fileUrl("data/")},`],
    ...(product === null ? [] : [[`branding: { name: ${JSON.stringify(product)} },`]]),
  ];
  return [
    "// Read by the application, by the command line, and by the process that carries out an upgrade.",
    ...imports,
    "",
    "export default defineConfig({",
    blocks.map((lines) => lines.map((line) => `  ${line}`).join("\n")).join("\n\n"),
    "});",
    "",
  ].join("\n");
}

function readingLines({ license, releaseNotes }: ConfigFacts): string[][] {
  const lines = [
    ...(license === null ? [] : [`license: ${fileUrl(license)},`]),
    ...(releaseNotes === null ? [] : [`releaseNotes: ${fileUrl(releaseNotes)},`]),
  ];
  return lines.length === 0 ? [] : [["// What the operator agrees to and reads before an upgrade.", ...lines]];
}

function versionRowLines({ table, keyColumn, key, valueColumn, isShort }: FoundVersionRow): string[] {
  const members = Object.entries({ table, keyColumn, key, valueColumn }).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  const comment = "// The row in which this application keeps its version already.";
  if (!isShort) return [comment, `versionRow: { ${members.join(", ")} },`];
  return [
    comment,
    "versionRow: {",
    ...members.map((member) => `  ${member},`),
    "  parse: (text) => (/^\\d+\\.\\d+$/.test(text) ? `${text}.0` : text), // the row says 8.6 for 8.6.0",
    "},",
  ];
}

function databaseLines(database: DatabaseChoice): string[] {
  switch (database.kind) {
    case "knexfile":
      return ["// The database as knex has it.", `database: ${accessExpression(database.access)},`];
    case "late knexfile":
      return [
        "// The database as knex has it; the connection is asked for when it is needed.",
        "database: {",
        `  client: ${JSON.stringify(database.client)},`,
        `  connection: async () => ${accessExpression(database.access, true)}.connection,`,
        ...(database.useNullAsDefault ? ["  useNullAsDefault: true,"] : []),
        ...(database.tableName === null ? [] : [`  migrations: { tableName: ${JSON.stringify(database.tableName)} },`]),
        "},",
      ];
    case "address":
      return [
        `// ${database.hint ?? "mysql://user:password@127.0.0.1:3306/database or sqlite:./data/app.db"}`,
        "database: process.env.DATABASE_URL,",
      ];
  }
}

function knexfileImport({ file, access }: { readonly file: string; readonly access: KnexfileAccess }): string {
  return `import ${access.imported === "namespace" ? "* as knexfile" : "knexfile"} from ${JSON.stringify(`./${file}`)};`;
}

/** `(await knexfile())[process.env.NODE_ENV || "development"]`, or what is needed of it. */
export function accessExpression({ nestedDefault, called, awaited, perEnvironment }: KnexfileAccess, isMemberRead = false): string {
  const value = `knexfile${nestedDefault ? ".default" : ""}${called ? "()" : ""}`;
  const waited = awaited ? `await ${value}` : value;
  const grouped = awaited && (perEnvironment || isMemberRead) ? `(${waited})` : waited;
  return perEnvironment ? `${grouped}[process.env.NODE_ENV || "development"]` : grouped;
}

function fileUrl(file: string): string {
  return `new URL(${JSON.stringify(`./${file}`)}, import.meta.url)`;
}
