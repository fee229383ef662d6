import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import mysql from "mysql2/promise";
import type { Check } from "../../src/core/check.js";
import type { UpgateOptions } from "../../src/index.js";
import { openContext } from "../../src/upgrade/open-context.js";
import { readBlockers, readPreflight } from "../../src/upgrade/preflight.js";
import { probedPrivilegesCheck } from "../../src/upgrade/privilege-probe.js";
import { resolveSettings } from "../../src/upgrade/settings.js";
import { type Answers, runCli, runCliJson } from "../support/cli.js";
import { startMariaDb, type TestServer } from "../support/mariadb.js";
import { createProject, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

// Servers of their own: what is set here would disturb others.
const server = await startMariaDb({ settings: ["--innodb-buffer-pool-size=64M", "--log-bin=log", "--server-id=1"] });
after(() => server.stop());

let count = 0;

/** A database with the application at release 1.0.0, and a connection of an administrator's. */
async function scene(
  play: (parts: { project: TestProject; root: mysql.Connection; database: string; address: string }) => Promise<void>,
  { on = server, more = {} }: { readonly on?: TestServer; readonly more?: Partial<UpgateOptions> } = {},
): Promise<void> {
  const database = `preflight_${++count}`;
  const maker = await mysql.createConnection(on.url("mysql"));
  await maker.query(`CREATE DATABASE ${database}`);
  await maker.end();
  const address = on.url(database);
  const root = await mysql.createConnection(address);
  const project = createProject(address, { migrations: SHOP_MIGRATIONS, more });
  try {
    await install(project.options, "1.0.0");
    await play({ project, root, database, address });
  } finally {
    await root.end();
    project.remove();
  }
}

async function checksOf(options: UpgateOptions, read = readPreflight): Promise<Map<string, Check>> {
  const context = openContext(resolveSettings(options));
  try {
    return new Map((await read(context)).map((check) => [check.id, check]));
  } finally {
    await context.store.close();
  }
}

/** An account with these rights on the database, and its address. */
async function account(root: mysql.Connection, database: string, address: string, rights: string): Promise<string> {
  const user = `limited_${++count}`;
  await root.query(`CREATE USER ${user}@'%' IDENTIFIED BY 'secret'`);
  if (rights !== "") await root.query(`GRANT ${rights} ON ${database}.* TO ${user}@'%'`);
  return Object.assign(new URL(address), { username: user, password: "secret" }).href;
}

describe("privileges are tried", () => {
  const ALL = "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES";
  const without = (...names: string[]): string =>
    ALL.split(", ")
      .filter((name) => !names.includes(name))
      .join(", ");
  const cases: readonly [name: string, rights: string, severity: string, says: RegExp][] = [
    ["all that is needed", ALL, "ok", /^Tried: /],
    ["without CREATE", without("CREATE"), "blocking", /lacks CREATE on /],
    ["rows only", "SELECT, INSERT, UPDATE, DELETE", "blocking", /lacks CREATE, ALTER, DROP, INDEX, REFERENCES on /],
    ["without ALTER", without("ALTER"), "blocking", /lacks ALTER on /],
    ["without INDEX", without("INDEX"), "warning", /lacks INDEX on .*; only some/],
    ["without INSERT", without("INSERT"), "blocking", /lacks INSERT(?:, ALTER)? on /],
    ["without DELETE", without("DELETE"), "blocking", /lacks DELETE/],
  ];
  for (const [name, rights, severity, says] of cases)
    it(name, () =>
      scene(async ({ project, root, database, address }) => {
        const limited = await account(root, database, address, rights);
        const check = (await checksOf({ ...project.options, database: { app: address, admin: limited } })).get("privileges") as Check;
        assert.equal(check.blocking ? "blocking" : check.severity, severity, check.message);
        assert.match(check.message, says);
        if (severity !== "ok") assert.match(check.remedy ?? "", new RegExp(`GRANT [A-Z, ]+ ON \`${database}\`\\.\\* TO`));
        const [left] = (await root.query("SHOW TABLES LIKE 'upgate\\_probe%'")) as unknown as [unknown[]];
        assert.deepEqual(left, [], "no scratch table is left");
      }),
    );

  it("an account that may not drop leaves one scratch table, however often it tries, and says so", () =>
    scene(async ({ project, root, database, address }) => {
      const limited = await account(root, database, address, without("DROP"));
      const options = { ...project.options, database: { app: address, admin: limited } };
      const tables = async (): Promise<string[]> => {
        const [rows] = (await root.query("SHOW TABLES LIKE 'upgate\\_probe%'")) as unknown as [object[]];
        return rows.map((row) => String(Object.values(row)[0]));
      };
      const check = (await checksOf(options)).get("privileges") as Check;
      const [left] = await tables();
      assert.match(check.message, new RegExp(`lacks DROP on .* The scratch table ${left} could not be dropped again\\.$`));
      // As it looks to a probe an hour later.
      await root.query(`RENAME TABLE ${left} TO upgate_probe_${(Date.now() - 3_600_000).toString(36)}_00000000`);
      for (const _again of [1, 2]) assert.match((await checksOf(options)).get("privileges")?.message ?? "", /lacks DROP on /);
      assert.equal((await tables()).length, 1);
      await root.query(`GRANT DROP ON ${database}.* TO '${new URL(limited).username}'@'%'`);
      assert.equal((await checksOf(options)).get("privileges")?.severity, "ok");
      assert.deepEqual(await tables(), []);
    }));

  it("what an administrator grants counts without a restart", () =>
    scene(async ({ project, root, database, address }) => {
      const limited = await account(root, database, address, without("ALTER"));
      const context = openContext(resolveSettings({ ...project.options, database: { app: address, admin: limited } }));
      assert.equal((await probedPrivilegesCheck(context.store)).blocking, true);
      await root.query(`GRANT ALTER ON ${database}.* TO '${new URL(limited).username}'@'%'`);
      await until("the privilege to be seen", async () => (await probedPrivilegesCheck(context.store)).severity === "ok");
      await context.store.close();
    }));

  it("no start without them, and doctor --no-probe writes nothing", () =>
    scene(async ({ project, root, database, address }) => {
      const limited = await account(root, database, address, without("ALTER"));
      const { configFile: _file, logger: _logger, ...plain } = project.options;
      project.write("upgate.config.mjs", `export default ${JSON.stringify({ ...plain, database: { app: address, admin: limited } })};`);
      const here = { cwd: project.folder };
      const refused = await runCli(["up", "--yes"], here);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /^ERR_UPGATE_PREFLIGHT: .*Privileges: Tried: the account lacks ALTER/);
      await withUpgate({ ...project.options, database: { app: address, admin: limited } }, async (upgate) => {
        await assert.rejects(upgate.upgrader.start({ backup: { kind: "own", address: "test" } }), { code: "ERR_UPGATE_PREFLIGHT" });
        assert.equal(upgate.state().kind, "behind");
        assert.equal((await upgate.knex("upgate_lease").first()).host, null, "the lease is free again");
      });
      await root.query("SET GLOBAL general_log_file = 'general.log', GLOBAL general_log = ON, GLOBAL log_output = 'TABLE'");
      const { json } = await runCliJson<Answers>(["doctor", "--no-probe"], here);
      await root.query("SET GLOBAL general_log = OFF");
      const check = json.groups.flatMap(({ checks }) => checks).find(({ id }) => id === "privileges");
      assert.match(check?.message ?? "", /^The account lacks ALTER/);
      const [sent] = (await root.query(
        "SELECT argument FROM mysql.general_log WHERE argument REGEXP '^(create|alter|drop|insert)'",
      )) as unknown as [unknown[]];
      assert.deepEqual(sent, []);
    }));

  it("an account that may look at little is told what could not be checked, as notes", () =>
    scene(async ({ project, root, database, address }) => {
      const limited = await account(root, database, address, ALL);
      const checks = await checksOf({ ...project.options, database: limited });
      for (const id of ["long-transactions", "replication"]) {
        assert.equal(checks.get(id)?.severity, "info", id);
        assert.match(checks.get(id)?.message ?? "", /^Could not be checked: the account may not look there \(Access denied/);
      }
      assert.deepEqual(
        [...checks.values()].filter(({ severity }) => severity === "danger"),
        [],
      );
    }));
});

describe("what stands in an ALTER's way", () => {
  it("an open transaction and the tables that it holds, by connection and age, never by what was sent", () =>
    scene(async ({ project, root, address }) => {
      await root.query("INSTALL SONAME 'metadata_lock_info'");
      const holder = await mysql.createConnection(address);
      try {
        await holder.query("SET time_zone = '+05:00'");
        await holder.query("BEGIN");
        await holder.query("UPDATE products SET name = 'top secret' WHERE id = 1");
        const { threadId } = holder as unknown as { threadId: number };
        const checks = await until(
          "both to be old enough",
          async () => {
            const found = await checksOf(project.options);
            const isTold = ["long-transactions", "metadata-locks"].every((id) => found.get(id)?.severity === "warning");
            return isTold ? found : null;
          },
          30_000,
        );
        const connection = new RegExp(`connection ${threadId} of root@(?:127\\.0\\.0\\.1|localhost):\\d+, 1\\d s`);
        assert.match(checks.get("long-transactions")?.message ?? "", connection);
        assert.match(checks.get("metadata-locks")?.message ?? "", new RegExp(`${connection.source} \\(products\\)`));
        for (const check of checks.values()) assert.doesNotMatch(JSON.stringify(check), /secret/);
        assert.deepEqual(
          [...checks.values()].filter(({ blocking }) => blocking),
          [],
        );
      } finally {
        await holder.end();
        await root.query("UNINSTALL SONAME 'metadata_lock_info'");
      }
      const without = (await checksOf(project.options)).get("metadata-locks");
      assert.deepEqual([without?.severity, /can't tell/.test(without?.message ?? "")], ["info", true]);
    }));

  it("tables of other engines, collations and row formats", () =>
    scene(async ({ project, root }) => {
      await root.query("CREATE TABLE visits (id INT PRIMARY KEY) ENGINE=MyISAM");
      await root.query("CREATE TABLE names (id INT PRIMARY KEY) CHARACTER SET latin1");
      await root.query("CREATE TABLE words (word VARCHAR(250) CHARACTER SET utf8mb3, KEY (word)) ROW_FORMAT=COMPACT");
      await root.query("CREATE TABLE codes (code VARCHAR(20), KEY (code)) ROW_FORMAT=COMPACT");
      const checks = await checksOf(project.options);
      const told = (id: string): [string | undefined, string] => [checks.get(id)?.severity, checks.get(id)?.message ?? ""];
      assert.deepEqual([told("storage-engine")[0], /visits \(MyISAM\)/.test(told("storage-engine")[1])], ["warning", true]);
      assert.deepEqual([told("table-collations")[0], /names \(latin1_/.test(told("table-collations")[1])], ["warning", true]);
      assert.deepEqual([told("row-format")[0], /long texts: words\./.test(told("row-format")[1])], ["warning", true]);
    }));
});

describe("servers that are not to be written to", () => {
  it("a read-only server blocks, and nothing is begun", () =>
    scene(async ({ project, root }) => {
      await root.query("SET GLOBAL read_only = ON");
      try {
        const blocking = await checksOf(project.options, readBlockers);
        assert.match(blocking.get("read-only")?.message ?? "", /read_only/);
        const refused = await runCli(["up", "--yes"], { cwd: project.folder });
        assert.equal(refused.code, 1);
        assert.match(refused.stderr, /^ERR_UPGATE_PREFLIGHT: .*set to read-only/);
        const { code, json } = await runCliJson<Answers>(["doctor"], { cwd: project.folder });
        assert.equal(code, 1);
        assert.equal(json.groups.flatMap(({ checks }) => checks).find(({ id }) => id === "read-only")?.blocking, true);
      } finally {
        await root.query("SET GLOBAL read_only = OFF");
      }
      const done = await runCli(["up", "--yes"], { cwd: project.folder });
      assert.equal(done.code, 0, done.stderr);
    }));

  it("a replica is told, and one that is read-only blocks", async () => {
    const follower = await startMariaDb({ settings: ["--innodb-buffer-pool-size=64M", "--server-id=2"] });
    try {
      await scene(
        async ({ project, root }) => {
          const { port } = new URL(server.url("mysql"));
          // From where its log ends now: what the other tests have done there is none of its business.
          const source = await mysql.createConnection(server.url("mysql"));
          const [[log]] = (await source.query("SHOW MASTER STATUS")) as unknown as [{ File: string; Position: number }[]];
          await source.end();
          await root.query(
            `CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=${port}, MASTER_USER='root', MASTER_LOG_FILE='${log?.File}', MASTER_LOG_POS=${log?.Position}`,
          );
          const stopped = (await checksOf(project.options)).get("replication");
          assert.deepEqual([stopped?.severity, stopped?.message.includes(`127.0.0.1:${port}, stopped`)], ["warning", true]);
          await root.query("START SLAVE");
          await until("the replica to follow", async () =>
            / 0 s behind/.test((await checksOf(project.options)).get("replication")?.message ?? ""),
          );
          await root.query("SET GLOBAL read_only = ON");
          assert.equal((await checksOf(project.options, readBlockers)).get("replication")?.blocking, true);
        },
        { on: follower },
      );
    } finally {
      await follower.stop();
    }
  });
});
