import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import os from "node:os";
import mysql from "mysql2/promise";
import { isUpgateError } from "../../src/core/errors.js";
import { testUpgrade, type TestUpgradeOptions } from "../../src/testing.js";
import type { DatabaseKind } from "./databases.js";
import { createProject, type ProjectOptions, SHOP_MIGRATIONS, type TestProject } from "./project.js";

export type TestProjectUpgrade = (options: Omit<TestUpgradeOptions, "config">) => ReturnType<typeof testUpgrade>;

/** A project and its upgrade test; checks that no scratch database is left. */
export async function withTestedProject(
  kind: DatabaseKind,
  more: Partial<ProjectOptions>,
  use: (project: TestProject, test: TestProjectUpgrade) => Promise<void>,
): Promise<void> {
  const { address, drop } = await kind.create();
  const project = createProject(address, { migrations: SHOP_MIGRATIONS, ...more });
  try {
    await use(project, (options) => testUpgrade({ config: project.options, ...options }));
  } finally {
    assert.deepEqual(await scratches(address), [], "scratch databases and files are gone");
    project.remove();
    await drop();
  }
}

/** For `assert.rejects`: the upgrade test has failed, and its message holds all of these. */
export function testFailure(...lines: (string | RegExp)[]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(isUpgateError(error, "ERR_UPGATE_TEST_FAILED"), String(error));
    for (const line of lines) {
      if (typeof line === "string") assert.ok(error.message.includes(line), `${line}\n  in\n${error.message}`);
      else assert.match(error.message, line);
    }
    return true;
  };
}

/** The scratch databases and folders of this process. */
async function scratches(address: string): Promise<string[]> {
  const folders = readdirSync(os.tmpdir()).filter((name) => name.startsWith(`upgate-test-${process.pid}-`));
  if (address.startsWith("sqlite:")) return folders;
  const connection = await mysql.createConnection(address);
  const [rows] = await connection.query("SHOW DATABASES");
  await connection.end();
  const databases = (rows as object[]).map((row) => String(Object.values(row)[0]));
  return [...folders, ...databases.filter((name) => new RegExp(`^upgate_test_${process.pid}_[0-9a-f]{12}$`).test(name))];
}
