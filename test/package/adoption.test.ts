import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import mysql from "mysql2/promise";
import { startMariaDb, type TestServer } from "../support/mariadb.js";
import { installVendor, type Vendor, type VendorServer } from "../support/vendor.js";
import { until } from "../support/wait.js";

interface Answer {
  readonly written: boolean;
  readonly files: readonly { readonly file: string }[];
  readonly insertions: readonly {
    readonly file: string;
    readonly after: { readonly line: number; readonly text: string };
    readonly lines: readonly string[];
  }[];
}

interface History {
  readonly runs: readonly { readonly fromVersion: string }[];
  readonly migrations: readonly { readonly runId: string }[];
}

/** A plain Express and knex project, with twenty migrations in one folder that knex's own command has applied. */
describe("an existing knex project comes under upgate by upgate init and three lines", () => {
  let server: TestServer;
  let vendor: Vendor;
  let untouched: Record<string, string>;
  let env: NodeJS.ProcessEnv;

  before(async () => {
    server = await startMariaDb();
    const admin = await mysql.createConnection(server.url("mysql"));
    await admin.query("CREATE DATABASE tides");
    await admin.end();
    env = { DATABASE_URL: server.url("tides") };
    vendor = await installVendor("knex-project");
    assert.match(await vendor.run("npx", ["knex", "migrate:latest"], env), /Batch 1 run: 20 migrations/);
    untouched = checksums(vendor.folder);
  });
  after(() => server.stop());

  async function withApplication(use: (application: VendorServer) => Promise<void>): Promise<void> {
    const application = await vendor.start("server.js", env);
    try {
      await use(application);
    } finally {
      await application.stop();
    }
  }
  const ports = async ({ base }: VendorServer): Promise<{ status: number; ports: unknown; error: string | null }> => {
    const response = await fetch(base);
    const body = response.status === 200 ? ((await response.json()) as unknown) : null;
    return { status: response.status, ports: body, error: response.headers.get("upgate-maintenance") };
  };
  const opens = (application: VendorServer): Promise<unknown> =>
    until("the open gate", async () => (await ports(application)).status === 200);

  test("init writes its files, shows three lines, and changes nothing else", async () => {
    const answer = await vendor.json<Answer>("npx", ["upgate", "init", "--yes", "--json"], env);
    assert.equal(answer.written, true);
    assert.deepEqual(
      answer.files.map(({ file }) => file),
      ["upgate.config.mjs", "upgate.js"],
    );
    assert.equal(answer.insertions.flatMap(({ lines }) => lines).length, 3);
    const { "upgate.config.mjs": config, "upgate.js": module, ...rest } = checksums(vendor.folder);
    assert.ok(config && module);
    assert.deepEqual(rest, untouched);
    for (const insertion of answer.insertions) insert(vendor.folder, insertion);
  });

  test("the application starts, and its visitors notice nothing", async () => {
    await withApplication(async (application) => {
      await opens(application);
      assert.deepEqual((await ports(application)).ports, ["Harwich", "Husum"]);
      assert.match(await vendor.run("npx", ["upgate", "status"], env), /^current {2}You are up to date!/);
      assert.match(await vendor.run("npx", ["knex", "migrate:latest"], env), /Already up to date/, "knex goes on working");
    });
    const { "upgate.config.mjs": _config, "upgate.js": _module, "server.js": _lines, ...rest } = checksums(vendor.folder);
    const { "server.js": _before, ...others } = untouched;
    assert.deepEqual(rest, others);
  });

  test("the next release closes the site until it is upgraded, and knows what knex has applied", async () => {
    writeFileSync(path.join(vendor.folder, "migrations/20260101090000_add_depth_to_harbours.js"), NEXT_MIGRATION);
    await vendor.run("npm", ["version", "2.4.0", "--no-git-tag-version"]);
    await withApplication(async (application) => {
      assert.deepEqual(await ports(application), { status: 503, ports: null, error: "Err2" });
      const output = await vendor.run("npx", ["upgate", "up", "--yes"], env);
      const said = [/Upgrading from 2\.3\.0 to 2\.4\.0/, /20260101090000_add_depth_to_harbours {2}\d+ ms/, /Release 2\.4\.0 is installed/];
      for (const line of said) assert.match(output, line);
      await opens(application);
      const { runs, migrations } = await vendor.json<History>("npx", ["upgate", "history", "--json", "--limit", "50"], env);
      assert.equal(runs.length, 1);
      assert.deepEqual([migrations.length, migrations.filter(({ runId }) => runId === "knex").length], [21, 20]);
    });
  });
});

const NEXT_MIGRATION = `exports.up = (knex) => knex.schema.alterTable("harbours", (t) => void t.decimal("depth", 5, 2));
exports.down = (knex) => knex.schema.alterTable("harbours", (t) => void t.dropColumn("depth"));
`;

/** Of every file that is the project's own; the data folder is upgate's. */
function checksums(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .filter((file) => !/^(?:node_modules|data)\//.test(file));
  return Object.fromEntries(
    files.map((file) => [
      file,
      createHash("sha256")
        .update(readFileSync(path.join(folder, file)))
        .digest("hex"),
    ]),
  );
}

/** As the vendor would: below the line that init names. */
function insert(folder: string, { file, after: place, lines }: Answer["insertions"][number]): void {
  const target = path.join(folder, file);
  const text = readFileSync(target, "utf8").split("\n");
  assert.equal(text[place.line - 1]?.trim(), place.text);
  text.splice(place.line, 0, ...lines);
  writeFileSync(target, text.join("\n"));
}
