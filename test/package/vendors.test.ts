import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import mysql from "mysql2/promise";
import { startMariaDb, type TestServer } from "../support/mariadb.js";
import { installVendor, packUpgate, type Vendor } from "../support/vendor.js";
import { until } from "../support/wait.js";

/** SQLite's sources take minutes to optimise, and how fast they are is not asked here. */
const UNOPTIMISED = { CFLAGS: "-O0", CXXFLAGS: "-O0" };

let tarball: string;
before(async () => {
  tarball = await packUpgate();
});

/** The README's example from the first visitor to the open site: what a vendor sees after `npm install upgate`. */
async function upgradesByHand(
  vendor: Vendor,
  script: string,
  configuration: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  const server = await vendor.start(script, env);
  try {
    await opensAfterUp(vendor, server.base, configuration, env);
  } finally {
    assert.equal(await server.stop(), 0);
  }
}

async function opensAfterUp(vendor: Vendor, base: string, configuration: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const closed = await fetch(base);
  assert.equal(closed.status, 503);
  assert.equal(closed.headers.get("upgate-maintenance"), "Err2");
  assert.equal((await fetch(`${base}/install`)).status, 200);

  await vendor.run("npx", ["upgate", "up", "--yes", ...configuration], env);

  const open = await until("the open site", async () => {
    const answer = await fetch(base);
    return answer.status === 503 ? null : answer;
  });
  assert.equal(open.status, 200);
  assert.deepEqual(await open.json(), ["installed"]);
  assert.equal((await fetch(`${base}/install`)).status, 404);
}

test("ES modules, Express 5, libsql: the three-line way", async () => {
  const vendor = await installVendor("esm-express5-libsql", tarball);
  await upgradesByHand(vendor, "server.js", []);
  assert.ok(existsSync(path.join(vendor.folder, "data/app.db")));
});

test("ES modules, Express 4, better-sqlite3: mounted by hand", async () => {
  const vendor = await installVendor("esm-express4-better-sqlite3", tarball, UNOPTIMISED);
  await upgradesByHand(vendor, "server.js", []);
});

describe("CommonJS", () => {
  let server: TestServer;
  before(async () => {
    server = await startMariaDb();
  });
  after(() => server.stop());

  test("Express 4, mysql2, a .cjs configuration: MariaDB", async () => {
    const admin = await mysql.createConnection(server.url("mysql"));
    await admin.query("CREATE DATABASE notes");
    await admin.end();
    const vendor = await installVendor("commonjs-express4-mysql2", tarball);
    await upgradesByHand(vendor, "server.js", [], { DATABASE_URL: server.url("notes") });
  });
});

describe("TypeScript, strict, library declarations checked", () => {
  let vendor: Vendor;
  before(async () => {
    vendor = await installVendor("typescript-express5", tarball);
    await vendor.run("npx", ["tsc"]);
  });

  test("as ES module", () => upgradesByHand(vendor, "out/esm/server.mjs", ["--config", "out/esm/upgate.config.mjs"]));
  test("as CommonJS", () => upgradesByHand(vendor, "out/cjs/server.cjs", ["--config", "out/cjs/upgate.config.cjs"]));
});

test("Jest, without flags or transforms, tests a CommonJS application, and ends by itself", async () => {
  const vendor = await installVendor("commonjs-jest", tarball);
  await vendor.run("npx", ["upgate", "up", "--yes"]);
  const output = await vendor.run("npx", ["jest", "--detectOpenHandles"], { NODE_ENV: "test" });
  assert.match(output, /3 passed, 3 total/);
  assert.doesNotMatch(output, /open handle|did not exit/i);
});
