import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { userInfo } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import type { Upgate } from "../../src/index.js";
import { connectStore, databaseSource } from "../../src/store/connect.js";
import { freeLease, readLease } from "../../src/store/lease.js";
import { listTables } from "../../src/store/tables.js";
import { type Answers, assertPlain, type CliOptions, READING, runCli, runCliJson, type RunningCli, startCli } from "../support/cli.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { hostApplication, listening, PageClient } from "../support/hosting.js";
import { createProject, INSTALL_KEY, type ProjectOptions, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`the command line on ${kind.name}`, () => verbsOn(kind));

/** Waits until the test writes a file, so that a runner can be caught in the middle. */
const WAITING = (flag: string): string => `import { existsSync } from "node:fs";
export const up = async (knex) => {
  await knex("products").insert({ name: "from the waiting migration" });
  const deadline = Date.now() + 50_000;
  while (!existsSync(${JSON.stringify(flag)}) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
};`;

function severities(answer: Answers): Record<string, string> {
  return Object.fromEntries(answer.groups.flatMap(({ checks }) => checks.map(({ id, severity }) => [id, severity])));
}

function verbsOn(kind: DatabaseKind): void {
  const setUp = async (installed: string | null, more: Partial<ProjectOptions> = {}): Promise<TestProject & { here: CliOptions }> => {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: SHOP_MIGRATIONS, ...more });
    if (installed !== null) await install(project.options, installed);
    return { ...project, here: { cwd: project.folder } };
  };
  const tables = async ({ options, folder }: TestProject): Promise<string[]> => {
    const source = databaseSource(options.database as string, folder);
    const knex = connectStore(source);
    try {
      return await listTables(knex, source.dialect);
    } finally {
      await knex.destroy();
    }
  };

  it("reads an empty database without leaving a table in it", async () => {
    const project = await setUp(null);
    const codes: Record<string, number | null> = {};
    const read = async (verb: string): Promise<void> => {
      const { code, stdout, stderr } = await runCliJson([verb], project.here);
      codes[verb] = code;
      assert.equal(stderr, "", `${verb}: ${stdout}`);
    };
    await Promise.all(READING.map(read));
    assert.deepEqual(codes, { status: 10, plan: 10, unlock: 0, repair: 0, key: 0, history: 0, audit: 0, doctor: 0, report: 0 });
    const { stdout } = await runCli(["history"], project.here);
    assert.equal(stdout, "There is no history: upgate has changed nothing in this database yet.\n");
    assert.deepEqual(await tables(project), []);
    project.remove();
  });

  it("shows the plan in order, and names what was edited, is missing or was left out", async () => {
    const project = await setUp("1.0.0");
    const plain = await runCli(["plan"], project.here);
    assert.equal(plain.code, 10);
    assertPlain(plain);
    assert.deepEqual(plain.stdout.split("\n"), [
      "behind  The database is at release 1.0.0, the files are 1.1.0.",
      "Open /install and start the upgrade. Or run: upgate up",
      "",
      "2 migrations, from 1.0.0 to 1.1.0:",
      "  1.1.0  1.1.0/0001-product-price  pending",
      "  1.1.0  1.1.0/0002-fill-prices    pending",
      "",
    ]);
    await install(project.options, "1.1.0");
    assert.equal((await runCli(["plan"], project.here)).code, 0);
    project.write("migrations/1.1.0/0001-product-price.mjs", "export const up = () => undefined;\n");
    project.write("migrations/1.0.0/0002-late.mjs", "export const up = () => undefined;\n");
    rmSync(path.join(project.folder, "migrations/1.1.0/0002-fill-prices.mjs"));
    const { json, code, stderr } = await runCliJson<Answers>(["plan"], project.here);
    assert.deepEqual([code, stderr], [10, ""]);
    assert.deepEqual(json.migrations, [
      { name: "1.0.0/0002-late", version: "1.0.0", status: "pending", ms: null, title: null, description: null, losses: null },
    ]);
    assert.deepEqual(
      json.warnings.map((warning) => [warning.kind, warning.name]),
      [
        ["edited", "1.1.0/0001-product-price"],
        ["missing", "1.1.0/0002-fill-prices"],
        ["out-of-order", "1.0.0/0002-late"],
      ],
    );
    assert.match(
      (await runCli(["plan"], project.here)).stdout,
      /^warning {2}1\.1\.0\/0002-fill-prices was applied, but its file is gone\.$/m,
    );
    project.remove();
  });

  it("lists runs and applied migrations, newest first", async () => {
    const project = await setUp("1.0.0");
    await install(project.options, "1.1.0");
    const { json } = await runCliJson<Answers>(["history"], project.here);
    assert.deepEqual(
      json.runs.map(({ status, toVersion }) => [status, toVersion]),
      [
        ["completed", "1.1.0"],
        ["completed", "1.0.0"],
      ],
    );
    assert.deepEqual(
      json.migrations.map(({ name }) => name),
      Object.keys(SHOP_MIGRATIONS)
        .map((file) => file.replace(".mjs", ""))
        .toReversed(),
    );
    assert.ok(json.migrations.every(({ statements }) => Number(statements) > 0));
    const limited = await runCli(["history", "--limit", "1"], project.here);
    assert.equal(limited.code, 0);
    assertPlain(limited);
    assert.match(limited.stdout, new RegExp(`^  ${json.runs[0]?.id} +upgrade +1\\.0\\.0 → 1\\.1\\.0 +completed `, "m"));
    assert.equal(limited.stdout.match(/the newest 1; --limit shows more/g)?.length, 2);
    assert.doesNotMatch(limited.stdout, /0001-products/);
    project.remove();
  });

  it("tells the key that the configuration gives only when asked to", async () => {
    const project = await setUp("1.0.0");
    const quiet = await runCli(["key"], project.here);
    assert.equal(quiet.code, 0);
    assert.match(quiet.stdout, /given by the configuration/);
    assert.doesNotMatch(quiet.stdout + quiet.stderr, new RegExp(INSTALL_KEY));
    assert.equal((await runCliJson<Answers>(["key"], project.here)).json["key"], null);
    assert.match((await runCli(["key", "--show"], project.here)).stdout, new RegExp(INSTALL_KEY));
    const refused = await runCli(["key", "--rotate"], project.here);
    assert.deepEqual([refused.code, refused.stdout], [1, ""]);
    assert.match(refused.stderr, /^ERR_UPGATE_STATE: The install key is given by/);
    await install(project.options, "1.1.0");
    assert.equal((await runCli(["key"], project.here)).stdout, "No key is needed: the wizard is sealed.\n");
    project.remove();
  });

  it("makes a new key for a lost one: the old one is void, sessions end", async () => {
    const project = await setUp("1.0.0", { more: { installKey: undefined } });
    const file = path.join(project.folder, "data", "install-key");
    await withUpgate(project.options, async (upgate) =>
      listening(hostApplication(upgate), async (base) => {
        const client = new PageClient(base);
        await until("the install key", () => existsSync(file));
        const old = readFileSync(file, "utf8").trim();
        const told = await runCliJson<Answers>(["key"], project.here);
        assert.deepEqual(told.json, { source: "generated", key: old, file, address: "/install" });
        await client.signIn(old);
        rmSync(file);
        assert.match((await runCli(["key"], project.here)).stdout, /generated by another node: look into its data folder/);

        const { code, stdout, stderr } = await runCli(["key", "--rotate"], project.here);
        const key = readFileSync(file, "utf8").trim();
        assert.equal(code, 0, stderr);
        assert.notEqual(key, old);
        assert.match(stdout, new RegExp(`^install key +${key}$`, "m"));
        assert.match(stderr, /Any earlier key is void/);
        assert.equal(statSync(file).mode & 0o777, 0o600);
        assert.equal(existsSync(`${file}.new`), false);
        assert.equal((await upgate.knex("upgate_session")).length, 0);
        const by = { session_id: "cli", address: userInfo().username };
        assert.equal((await upgate.knex("upgate_audit").where({ event: "key-rotated", ...by })).length, 1);
        await assert.rejects(client.signIn(old), /was not accepted/);
        await client.signIn(key);
      }),
    );
    await install(project.options, "1.1.0");
    const sealed = await runCli(["key", "--rotate"], project.here);
    assert.deepEqual([sealed.code, sealed.stdout], [1, ""]);
    assert.match(sealed.stderr, /the wizard needs no key/);
    project.remove();
  });

  describe("a run in progress", () => {
    /** A real runner, caught in its second migration. */
    const midRun = async (
      use: (project: TestProject & { here: CliOptions }, upgate: Upgate, runner: RunningCli) => Promise<void>,
    ): Promise<void> => {
      const project = await setUp("1.0.0");
      project.write("migrations/1.1.0/0002-fill-prices.mjs", WAITING(path.join(project.folder, "go")));
      const { configFile: _runner, ...here } = project.options;
      await withUpgate(here, async (upgate) => {
        const runner = startCli(["up", "--yes"], project.here);
        try {
          await until("the second migration to run", async () => {
            if (runner.child.exitCode !== null) throw new Error(`The runner ended early:\n${runner.output().stderr}`);
            return (await upgate.upgrader.status()).run?.migrations[1]?.status === "running";
          });
          await use(project, upgate, runner);
        } finally {
          project.write("go", "");
          await runner.ended;
        }
      });
      project.remove();
    };
    /** Its end is waited for: a process is gone for others a moment before its last thread gives up SQLite's lock. */
    const kill = async (upgate: Upgate, { child, ended }: RunningCli): Promise<void> => {
      child.kill("SIGKILL");
      assert.equal((await ended).signal, "SIGKILL");
      await until("the run to be interrupted", async () => (await upgate.upgrader.state()).kind === "interrupted");
    };

    it("is told by plan, and a living holder keeps the lease", () =>
      midRun(async (project, _upgate, { child: { pid } }) => {
        const plan = await runCliJson<Answers>(["plan"], project.here);
        assert.equal(plan.code, 11);
        assert.deepEqual(
          plan.json.migrations.map(({ status }) => status),
          ["applied", "running"],
        );
        const held = await runCli(["unlock"], project.here);
        assert.equal(held.code, 4);
        assertPlain(held);
        assert.match(held.stdout, new RegExp(`^held   .+ \\(process ${pid}\\), since .+ UTC, token \\d+, beat \\d+; it lives$`, "m"));
        assert.match(held.stdout, new RegExp(`^node {3}.+ \\(process ${process.pid}\\)  release 1\\.1\\.0`, "m"));
        assert.match(held.stderr, new RegExp(`^ERR_UPGATE_LEASE_HELD: The upgrade is held by .+ \\(process ${pid}\\)`, "m"));
        const { json, code } = await runCliJson<Answers>(["unlock"], project.here);
        assert.deepEqual([code, json["outcome"], json.error.code, json["next"]], [4, "held", "ERR_UPGATE_LEASE_HELD", null]);
      }));

    it("that was killed gives its lease back, and can be resumed", () =>
      midRun(async (project, upgate, runner) => {
        await kill(upgate, runner);
        const { pid } = runner.child;
        const { code, stdout, stderr } = await runCli(["unlock"], project.here);
        assert.equal(code, 0, stderr);
        assert.match(stdout, new RegExp(`^freed {2}.+ \\(process ${pid}\\), .+; it is gone$`, "m"));
        assert.match(stdout, /^run {4}\S+, upgrade 1\.0\.0 → 1\.1\.0, interrupted$/m);
        assert.match(stdout, /\nnext: upgate resume\n$/);
        assert.equal((await readLease(upgate.knex))?.holder, null);
        assert.equal((await upgate.knex("upgate_audit").where({ event: "unlock" })).length, 1);
        const again = await runCliJson<Answers>(["unlock"], project.here);
        assert.deepEqual([again.code, again.json["outcome"], again.json["next"]], [0, "free", "upgate resume"]);
        const history = await runCliJson<Answers>(["history"], project.here);
        assert.equal(history.json.runs[0]?.status, "interrupted");
        project.write("go", "");
        assert.equal((await (await upgate.upgrader.resume({ where: "here" })).finished).status, "completed");
      }));

    it("of another host is watched: a beat that moves keeps the lease, one that stands still loses it", () =>
      midRun(async (project, upgate, runner) => {
        await kill(upgate, runner);
        await upgate.knex("upgate_lease").update({ host: "far-away", host_id: "another machine" });
        const beating = setInterval(
          () =>
            void upgate
              .knex("upgate_lease")
              .increment("beat", 1)
              .catch(() => 0),
          50,
        );
        try {
          const held = await runCli(["unlock"], project.here);
          assert.equal(held.code, 4, held.stdout);
          assert.match(held.stderr, /^far-away \(process \d+\) can't be looked at from here; watching its beat for up to 2 s …$/m);
        } finally {
          clearInterval(beating);
        }
        const before = await readLease(upgate.knex);
        const freed = await runCliJson<Answers>(["unlock"], project.here);
        assert.deepEqual([freed.code, freed.json["outcome"], freed.stderr], [0, "freed", ""]);
        assert.equal((await readLease(upgate.knex))?.token, before?.token, "the token never goes back");
      }));

    it("whose holder comes back to life in between keeps its lease", () =>
      midRun(async (_project, upgate, runner) => {
        await kill(upgate, runner);
        const seen = await readLease(upgate.knex);
        assert.ok(seen?.holder);
        for (const before of [
          { ...seen, beat: seen.beat - 1 },
          { ...seen, token: seen.token - 1 },
        ])
          assert.equal(await freeLease(upgate.knex, before), false);
        assert.deepEqual(await readLease(upgate.knex), seen);
        assert.equal(await freeLease(upgate.knex, seen), true);
        assert.equal(await freeLease(upgate.knex, seen), false, "of two that free it one does");
      }));
  });

  it("removes the rows of dead nodes of this host with the lease free", async () => {
    const project = await setUp("1.0.0");
    await withUpgate(project.options, async (upgate) => {
      const [node] = await upgate.knex("upgate_node");
      await upgate.knex("upgate_node").insert({ ...node, id: "dead", started_ticks: "1" });
      const { json } = await runCliJson<{ nodes: object[]; removedNodes: { pid: number }[] }>(["unlock"], project.here);
      assert.deepEqual([json.nodes.length, json.removedNodes.length], [1, 1]);
      assert.equal((await upgate.knex("upgate_node")).length, 1);
    });
    project.remove();
  });

  it("finds all well before an upgrade, and each thing that is not", async () => {
    const project = await setUp("1.0.0");
    const fine = await runCli(["doctor"], project.here);
    assert.equal(fine.code, 0, fine.stdout);
    assertPlain(fine);
    for (const title of ["Configuration", "Packages", "Database", "Files", "Server", "Upgrade"])
      assert.match(fine.stdout, new RegExp(`^${title}$`, "m"));
    assert.match(fine.stdout, new RegExp(`^ {2}ok +Database server +${kind.name} \\d`, "m"));
    assert.match(fine.stdout, /^ {2}ok +knex +3\.\d+\.\d+, from .+knex\.js$/m);
    // Debian has MariaDB's programs only, and says so where the server is MySQL.
    const troubles = fine.stdout.match(/^ {2}(?:warning|danger) +\S.*$/gm) ?? [];
    assert.deepEqual(kind.name === "MySQL" ? troubles.filter((line) => !/ Backup program .*another maker's/.test(line)) : troubles, []);
    if (troubles.length === 0) assert.match(fine.stdout, /\nno danger, no warnings\n$/);

    project.write("migrations/1.0.0/0001-products.mjs", "export const up = () => undefined;\n");
    project.write("release.json", JSON.stringify({ version: "1.1.0", migrations: ["1.1.0/0009-not-uploaded"] }));
    project.write(
      "upgate.config.mjs",
      `export default ${JSON.stringify({ ...project.options, configFile: undefined, logger: undefined, release: "./release.json" })};`,
    );
    await withUpgate({ ...project.options, version: "1.0.0" }, async () => {
      const { code, json } = await runCliJson<Answers>(["doctor"], project.here);
      assert.equal(code, 1);
      const found = severities(json);
      assert.deepEqual(
        [found["migration-files"], found["manifest"], found["nodes"], found["state"]],
        ["warning", "danger", "warning", "danger"],
      );
    });
    project.remove();
  });

  it("prints the report of System Health by doctor, also while the site is closed", async () => {
    const project = await setUp("1.0.0");
    const plain = await runCli(["doctor", "--report"], project.here);
    assertPlain(plain);
    assert.equal(plain.code, 1, "an upgrade is due");
    assert.match(plain.stdout, /^System Health, \d{4}/);
    assert.match(plain.stdout, /\nTo be looked at\n-+\ndanger +Release: Version \(version\): /);
    const { json } = await runCliJson<{ groups: { title: string; checks: { id: string }[] }[]; runs: { to: string }[] }>(
      ["doctor", "--report"],
      project.here,
    );
    assert.deepEqual([json.groups[0]?.title, json.runs.map(({ to }) => to)], ["Release", ["1.0.0"]]);
    project.remove();
  });

  if (kind.name === "SQLite") return;

  it("finds an account that may not change tables", async () => {
    const project = await setUp("1.0.0");
    const account = `upgate_${process.pid}`;
    await withUpgate(project.options, async (upgate) => {
      const address = new URL(String(project.options.database));
      await upgate.knex.raw(`CREATE USER ${account}@'%' IDENTIFIED BY 'reader'`);
      try {
        await upgate.knex.raw(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${address.pathname.slice(1)}.* TO ${account}@'%'`);
        Object.assign(address, { username: account, password: "reader" });
        project.write(
          "reader.config.mjs",
          `import options from "./upgate.config.mjs";\nexport default { ...options, database: "${address.href}" };`,
        );
        const { code, json } = await runCliJson<Answers>(["doctor", "--config", "reader.config.mjs"], project.here);
        assert.equal(code, 1);
        const check = json.groups.flatMap(({ checks }) => checks).find(({ id }) => id === "privileges");
        assert.equal(check?.severity, "danger");
        assert.match(check.message, /lacks CREATE, ALTER, DROP, INDEX, REFERENCES on /);
      } finally {
        await upgate.knex.raw(`DROP USER ${account}@'%'`);
      }
    });
    project.remove();
  });

  it("says why the database can't be read, and no password", async () => {
    const project = await setUp(null);
    const address = new URL(String(project.options.database));
    address.password = "correct-horse";
    const without = { ...project.options, configFile: undefined, logger: undefined };
    project.write("upgate.config.mjs", `export default ${JSON.stringify({ ...without, database: address.href })};`);
    address.port = "1";
    project.write("down.config.mjs", `export default ${JSON.stringify({ ...without, database: address.href })};`);
    const ask = async (config: string, reason: RegExp, verb: string, code: number): Promise<void> => {
      const answer = await runCli([verb, "--config", config], project.here);
      assert.equal(answer.code, code, `${verb}: ${answer.stdout}${answer.stderr}`);
      if (verb !== "key") assert.match(answer.stdout + answer.stderr, reason, verb);
      assert.doesNotMatch(answer.stdout + answer.stderr, /correct-horse/);
    };
    for (const [verb, code] of Object.entries({ status: 12, plan: 12, history: 1, key: 0, unlock: 1, repair: 1, doctor: 1 }))
      await Promise.all([ask("upgate.config.mjs", /Access denied/, verb, code), ask("down.config.mjs", /ECONNREFUSED/, verb, code)]);
    project.remove();
  });
}
