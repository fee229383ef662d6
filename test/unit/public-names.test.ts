import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import * as upgate from "upgate";

/** Whoever changes these lists changes what vendors have written: a minor release for more, a major one for less. */
const VALUES = ["UpgateError", "backfill", "createUpgate", "defineConfig"];
const TYPES = [
  "AvailableUpdate",
  "BackfillOptions",
  "BackfillProgress",
  "BackfillQuery",
  "BackfillResult",
  "BackfillRow",
  "BackupCall",
  "BackupManifest",
  "BackupOptions",
  "BackupProgress",
  "BackupProof",
  "BackupTable",
  "BackupTool",
  "Badge",
  "BaselineOptions",
  "BrandingOptions",
  "Check",
  "Confirmation",
  "CreateBackupCall",
  "CreatedBackup",
  "Database",
  "DatabaseAccounts",
  "FeedChannel",
  "FeedOptions",
  "GuardOptions",
  "Handler",
  "HostApplication",
  "HostBackupDriver",
  "HostCheck",
  "HostCheckAnswer",
  "HostCheckCall",
  "HostFinding",
  "InDoubtAnswer",
  "InstallerRequest",
  "LoadApplication",
  "Logger",
  "MailOptions",
  "MigrationContext",
  "MigrationModule",
  "MigrationSource",
  "MigrationStep",
  "Notification",
  "NotificationEvent",
  "NotificationOptions",
  "NotifiedRun",
  "OptionProblem",
  "PlannedMigration",
  "PrepareOptions",
  "ProbeOptions",
  "ReadBackupCall",
  "RepairAction",
  "Repairable",
  "Repaired",
  "RestoreOptions",
  "RunError",
  "RunLogLine",
  "RunOptions",
  "RunProgress",
  "RunResult",
  "RunStage",
  "RunStep",
  "ServeOptions",
  "Severity",
  "StandaloneBackfillOptions",
  "StartBackup",
  "StartOptions",
  "StartedRun",
  "StatementInDoubt",
  "TemplateOptions",
  "Upgate",
  "UpgateErrorCode",
  "UpgateOptions",
  "UpgradeStatus",
  "Upgrader",
  "VersionRowOptions",
  "VersionState",
  "VersionStateKind",
  "WebhookOptions",
];

const text = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");

/** The type names that a file of re-exports passes on. */
function typeNames(source: string): string[] {
  return [...source.matchAll(/^export (type )?\{([^}]*)\}/gm)]
    .flatMap(([, all, names]) => (names as string).split(",").map((name) => ({ name: name.trim(), isType: all !== undefined })))
    .filter(({ name, isType }) => name !== "" && (isType || name.startsWith("type ")))
    .map(({ name }) => name.replace(/^type /, ""))
    .toSorted();
}

describe("the public names of upgate", () => {
  test("values", () => assert.deepEqual(Object.keys(upgate).toSorted(), VALUES));

  test("types", () => assert.deepEqual(typeNames(text("src/index.ts")), TYPES));

  test("a require gets the very same, Node's own as well as one that can't load ES modules", () => {
    const script = `import("upgate").then((imported) => {
      const entry = require("./commonjs/index.cjs");
      console.log(require("upgate") === imported, Object.keys(entry).every((name) => entry[name] === imported[name]), ...Object.keys(entry));
    })`;
    const output = execFileSync(process.execPath, ["-e", script], {
      cwd: fileURLToPath(new URL("../../", import.meta.url)),
      encoding: "utf8",
    });
    assert.deepEqual(output.trim().split(" "), ["true", "true", ...VALUES]);
  });

  test("its declarations name every value", () => {
    const declared = [...text("commonjs/index.d.cts").matchAll(/^export declare const (\w+):/gm)].map(([, name]) => name as string);
    assert.deepEqual(declared.toSorted(), VALUES);
  });
});
