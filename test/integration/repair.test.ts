import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import path from "node:path";
import { after, describe, it } from "node:test";
import type { Knex } from "knex";
import { connectStore, databaseSource } from "../../src/store/connect.js";
import { releaseLease, readLease, takeLease } from "../../src/store/lease.js";
import { setAsideJournal } from "../../src/store/set-aside.js";
import { processIdentity } from "../../src/upgrade/process-identity.js";
import { type Answers, assertPlain, type CliOptions, cliOnTerminal, runCli, runCliJson, startCli } from "../support/cli.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { hostApplication, listening, PageClient } from "../support/hosting.js";
import { createProject, INSTALL_KEY, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`upgate repair on ${kind.name}`, () => repairsOn(kind));

interface Problems extends Answers {
  readonly problems: { readonly kind: string; readonly name: string; readonly command: string; readonly effect: string }[];
  readonly done: string;
}

const LEFT_TRACES = "throw_once";

/** Fails until its table is there: half applied on a server whose DDL commits by itself. */
const FAILING = `export const up = async (knex) => {
  await knex.schema.createTable("reviews", (t) => t.increments("id"));
  if (!(await knex.schema.hasTable("${LEFT_TRACES}"))) throw new Error("no ${LEFT_TRACES} yet");
};`;

/** Waits until the test writes a file. */
const WAITING = (flag: string): string => `import { existsSync } from "node:fs";
export const up = async (knex) => {
  await knex("products").insert({ name: "from the waiting migration" });
  const deadline = Date.now() + 50_000;
  while (!existsSync(${JSON.stringify(flag)}) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
};`;

function repairsOn(kind: DatabaseKind): void {
  const withProject = async (use: (project: TestProject & { here: CliOptions; knex: Knex }) => Promise<void>): Promise<void> => {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: SHOP_MIGRATIONS });
    await install(project.options, "1.1.0");
    const knex = connectStore(databaseSource(project.options.database as string, project.folder));
    try {
      await use({ ...project, here: { cwd: project.folder }, knex });
    } finally {
      await knex.destroy();
      project.remove();
    }
  };
  const editOne = ({ write }: TestProject): void => {
    write("migrations/1.1.0/0001-product-price.mjs", "export const up = () => undefined;\n");
  };
  const loseOne = ({ folder }: TestProject): void => rmSync(path.join(folder, "migrations/1.1.0/0002-fill-prices.mjs"));
  const addLate = ({ write }: TestProject): void => {
    write("migrations/1.0.0/0002-late.mjs", `export const up = (knex) => knex.schema.dropTable("products");\n`);
  };
  /** All that a repair may write, besides the lease. */
  const written = async (knex: Knex): Promise<unknown> =>
    Promise.all([
      knex("upgate_migration").orderBy("name"),
      knex("upgate_fact").orderBy("name"),
      knex("upgate_audit").orderBy("id"),
      knex("upgate_journal").orderBy(["run_id", "sequence"]),
      knex("upgate_run").orderBy("id"),
    ]);
  const audit = async (knex: Knex): Promise<unknown> =>
    (await knex("upgate_audit").where("event", "like", "repair-%")).map(({ event, session_id: session, detail }) => [
      event,
      session,
      detail,
    ]);
  const warned = async (here: CliOptions): Promise<string[]> => {
    const { json } = await runCliJson<Answers>(["plan"], here);
    return json.warnings.map((warning) => `${warning.kind} ${warning.name}`);
  };

  it("has nothing to say where files and history agree", () =>
    withProject(async ({ here }) => {
      const { code, stdout } = await runCli(["repair"], here);
      assert.deepEqual([code, stdout], [0, "Nothing is to be repaired: files and history agree.\n"]);
      assert.deepEqual((await runCliJson<Problems>(["repair"], here)).json.problems, []);
    }));

  it("lists each problem with its command; status, doctor and plan name them, too", () =>
    withProject(async ({ here, knex, ...project }) => {
      for (const spoil of [editOne, loseOne, addLate]) spoil(project);
      const before = await written(knex);
      const { code, json, stderr } = await runCliJson<Problems>(["repair"], here);
      assert.deepEqual([code, stderr], [12, ""]);
      const commands = [
        "upgate repair accept 1.1.0/0001-product-price",
        "upgate repair forget 1.1.0/0002-fill-prices",
        "upgate repair skip 1.0.0/0002-late",
      ];
      assert.deepEqual(
        json.problems.map(({ command }) => command),
        commands,
      );
      const plain = await runCli(["repair"], here);
      assertPlain(plain);
      for (const command of commands) assert.ok(plain.stdout.includes(`\n  ${command}\n`), plain.stdout);
      for (const verb of ["status", "plan", "doctor"]) {
        const { stdout } = await runCli([verb], here);
        for (const command of commands) assert.ok(stdout.includes(command), `${verb}: ${stdout}`);
      }
      assert.deepEqual(await written(knex), before);
    }));

  it("accepts an edited file", () =>
    withProject(async ({ here, knex, ...project }) => {
      editOne(project);
      const { code, stdout } = await runCli(["repair", "accept", "1.1.0/0001-product-price.mjs", "--yes"], here);
      assert.equal(code, 0);
      assert.match(
        stdout,
        /^The file of 1\.1\.0\/0001-product-price as it is now counts as the one that was applied\.\nYou are up to date!\n$/,
      );
      assert.deepEqual(await warned(here), []);
      const [row] = await knex("upgate_audit").where({ event: "repair-accept", session_id: "cli" });
      assert.match(row.detail, /^1\.1\.0\/0001-product-price: [\da-f]{64} → [\da-f]{64}$/);
      const again = await runCli(["repair", "accept", "1.1.0/0001-product-price", "--yes"], here);
      assert.deepEqual([again.code, again.stdout], [1, ""]);
      assert.match(again.stderr, /^ERR_UPGATE_STATE: .* is not an applied migration whose file was edited\. Nothing was changed\./);
    }));

  it("forgets a file that is gone, but never applies it again", () =>
    withProject(async ({ here, knex, ...project }) => {
      loseOne(project);
      const { code, json } = await runCliJson<Problems>(["repair", "forget", "1.1.0/0002-fill-prices", "--yes"], here);
      assert.deepEqual(
        [code, json.state.kind, json.done],
        [0, "current", "1.1.0/0002-fill-prices stays in the history, and its file is missed no more."],
      );
      assert.deepEqual(await warned(here), []);
      assert.deepEqual(await audit(knex), [["repair-forget", "cli", "1.1.0/0002-fill-prices"]]);
      rmSync(path.join(project.folder, "migrations/1.0.0/0001-products.mjs"));
      assert.equal((await runCli(["repair", "forget", "1.0.0/0001-products", "--yes"], here)).code, 0);
      assert.deepEqual(await warned(here), [], "the first one stays forgotten");

      project.write("migrations/1.1.0/0002-fill-prices.mjs", SHOP_MIGRATIONS["1.1.0/0002-fill-prices.mjs"]);
      assert.deepEqual((await runCliJson<Answers>(["plan"], here)).json.migrations, []);
      assert.equal((await runCli(["status"], here)).code, 0);
    }));

  it("skips a file that came too late, without running it", () =>
    withProject(async ({ here, knex, ...project }) => {
      addLate(project);
      assert.equal((await runCli(["status"], here)).code, 10);
      const { code, stdout } = await runCli(["repair", "skip", "1.0.0/0002-late", "--yes"], here);
      assert.deepEqual([code, stdout], [0, "1.0.0/0002-late counts as applied now; it was not run.\nYou are up to date!\n"]);
      assert.equal(await knex.schema.hasTable("products"), true);
      const [row] = await knex("upgate_migration").where({ name: "1.0.0/0002-late" });
      assert.deepEqual([row.run_id, row.version, row.sha256.length], ["skipped", "1.0.0", 64]);
      assert.ok(row.finished_at);
      assert.deepEqual(await audit(knex), [["repair-skip", "cli", "1.0.0/0002-late"]]);
      project.write("migrations/1.0.0/0002-late.mjs", "export const up = () => undefined;\n");
      assert.deepEqual(await warned(here), ["edited 1.0.0/0002-late"], "its checksum was recorded");
    }));

  it("puts the journal of a failed migration aside, so that it runs from its start", () =>
    withProject(async ({ here, knex, ...project }) => {
      const { configFile: _runner, ...options } = project.options;
      project.write("migrations/1.2.0/0001-reviews.mjs", FAILING);
      project.write("upgate.config.mjs", `export default ${JSON.stringify({ ...options, logger: undefined, version: "1.2.0" })};\n`);
      assert.equal((await runCli(["up", "--yes"], here)).code, 3);
      const [{ id: run }] = await knex("upgate_run").where({ active: 1 });
      const journal = { run_id: run, kind: "definition", token: 1, statement: "create table", done_at: "2026-11-22T10:00:00.000Z" };
      await knex("upgate_journal").where({ run_id: run }).delete();
      await knex("upgate_journal").insert([
        { ...journal, kind: "start", sequence: 1, migration: "1.1.0/0001-product-price" },
        { ...journal, sequence: 2, migration: "1.2.0/0001-reviews" },
        { ...journal, sequence: 3, migration: "1.2.0/0001-reviews" },
      ]);
      const { json, code } = await runCliJson<Problems>(["repair"], here);
      assert.deepEqual([code, json.problems.map(({ command }) => command)], [12, ["upgate repair restart 1.2.0/0001-reviews"]]);
      assert.match(json.problems[0]?.effect ?? "", /only after you have undone by hand/);

      const { stdout } = await runCli(["repair", "restart", "1.2.0/0001-reviews", "--yes"], here);
      assert.match(stdout, /^1\.2\.0\/0001-reviews will run from its very start; 2 journaled statements were put aside\.$/m);
      const names = (await knex("upgate_journal").where({ run_id: run }).orderBy("sequence")).map(({ migration }) => String(migration));
      assert.equal(names[0], "1.1.0/0001-product-price");
      for (const name of names.slice(1)) assert.match(name, /^1\.2\.0\/0001-reviews \(set aside 2\d{3}-.*Z\)$/);
      assert.deepEqual(await audit(knex), [["repair-restart", "cli", "1.2.0/0001-reviews: 2"]]);
      assert.equal(await setAsideJournal(knex, "1.2.0/0001-reviews", "2026-11-22T10:00:00.000Z"), 0);

      await knex.schema.dropTableIfExists("reviews");
      await knex.schema.createTable(LEFT_TRACES, (table) => void table.increments("id"));
      assert.equal((await runCli(["retry"], here)).code, 0);
      assert.equal((await runCli(["repair"], here)).code, 0);
    }));

  it("leaves a run that is alive alone; once its process is gone, its migration may start anew", () =>
    withProject(async ({ here, knex, ...project }) => {
      const { configFile: _runner, ...options } = project.options;
      project.write("migrations/1.2.0/0001-wait.mjs", WAITING(path.join(project.folder, "go")));
      project.write("upgate.config.mjs", `export default ${JSON.stringify({ ...options, logger: undefined, version: "1.2.0" })};\n`);
      const runner = startCli(["up", "--yes"], here);
      await until("the migration to begin", async () => (await knex("upgate_migration").where({ finished_at: null })).length > 0);
      const args = ["repair", "restart", "1.2.0/0001-wait", "--yes"];
      const held = await runCliJson<Answers>(args, here);
      assert.deepEqual([held.code, held.json.error.code], [4, "ERR_UPGATE_LEASE_HELD"]);
      assert.deepEqual((await runCliJson<Problems>(["repair"], here)).json.problems, []);
      runner.child.kill("SIGKILL");
      await runner.ended;
      const { code, json } = await runCliJson<Problems>(args, here);
      assert.deepEqual([code, json.state.kind], [0, "interrupted"]);
      project.write("go", "");
      assert.equal((await runCli(["resume"], here)).code, 0);
    }));

  it("refuses to skip what is half applied", () =>
    withProject(async ({ here, knex, ...project }) => {
      addLate(project);
      const entry = {
        run_id: "some",
        sequence: 1,
        kind: "write",
        token: 1,
        migration: "1.0.0/0002-late",
        done_at: "2026-11-22T10:00:00.000Z",
      };
      await knex("upgate_journal").insert(entry);
      const before = await written(knex);
      const { code, stderr } = await runCli(["repair", "skip", "1.0.0/0002-late", "--yes"], here);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /has been begun: a part of it is applied\. Nothing was changed\.\nUndo by hand .* upgate repair restart 1\.0\.0\/0002-late/,
      );
      assert.deepEqual(await written(knex), before);
    }));

  it("writes nothing for bad input, without an answer, or while an upgrade is alive", () =>
    withProject(async ({ here, knex, ...project }) => {
      for (const spoil of [editOne, loseOne, addLate]) spoil(project);
      const before = await written(knex);
      const REFUSED: readonly [args: string[], code: number, says: RegExp][] = [
        [["accept", "1.1.0/0001-product-prize"], 1, /Did you mean 1\.1\.0\/0001-product-price\?/],
        [["accept", "1.1.0/0002-fill-prices"], 1, /its file is gone: upgate repair forget 1\.1\.0\/0002-fill-prices/],
        [["forget", "1.1.0/0001-product-price"], 1, /repair accept 1\.1\.0\/0001-product-price/],
        [["skip", "1.0.0/0001-products"], 1, /Did you mean 1\.0\.0\/0002-late\?|This one is: 1\.0\.0\/0002-late/],
        [["restart", "1.1.0/0001-product-price"], 1, /is not a migration that was begun in a failed or interrupted run/],
        [["accept", ""], 1, /This one is: 1\.1\.0\/0001-product-price/],
        [["accept"], 2, /missing required argument/],
        [["mend", "1.1.0/0001-product-price"], 2, /Allowed choices are accept, forget, skip, restart/],
      ];
      for (const [args, code, says] of REFUSED) {
        const answer = await runCli(["repair", ...args, "--yes"], here);
        assert.deepEqual([answer.code, answer.stdout], [code, ""], args.join(" "));
        assert.match(answer.stderr, says);
      }
      const unasked = await runCliJson<Answers>(["repair", "skip", "1.0.0/0002-late"], here);
      assert.deepEqual([unasked.code, unasked.json.error.code], [1, "ERR_UPGATE_UNCONFIRMED"]);

      const lease = await takeLease(knex, (await readLease(knex)) ?? assert.fail(), processIdentity(), "2026-11-22T10:00:00.000Z");
      const held = await runCliJson<Answers>(["repair", "skip", "1.0.0/0002-late", "--yes"], here);
      assert.deepEqual([held.code, held.json.error.code], [4, "ERR_UPGATE_LEASE_HELD"]);
      await releaseLease(knex, lease?.token ?? assert.fail());
      assert.deepEqual(await written(knex), before);
      assert.equal((await readLease(knex))?.holder, null);
    }));

  it("is named by the wizard's review before the upgrade runs what was left out", () =>
    withProject(async ({ knex: _knex, ...project }) => {
      for (const spoil of [editOne, addLate]) spoil(project);
      await withUpgate(project.options, (upgrade) =>
        listening(hostApplication(upgrade), async (base) => {
          const client = new PageClient(base);
          await client.signIn(INSTALL_KEY);
          const { text } = await client.get("/install/review");
          assert.match(
            text,
            /What to do:[^<]*<\/strong> Upload the release&#39;s files again[^<]*upgate repair accept 1\.1\.0\/0001-product-price/,
          );
          assert.match(text, /upgate repair skip 1\.0\.0\/0002-late/);
        }),
      );
    }));

  it("asks on a terminal, and takes no for no", () =>
    withProject(async ({ here: _here, knex, ...project }) => {
      addLate(project);
      const before = await written(knex);
      const no = await cliOnTerminal(["repair", "skip", "1.0.0/0002-late"], ["n"], project.folder);
      assert.equal(no.code, 1, no.screen);
      assert.match(
        no.screen,
        /records it as applied without running it\.\s[^]*Do this for 1\.0\.0\/0002-late\? \[y\/N\][^]*Nothing was changed/,
      );
      assert.deepEqual(await written(knex), before);
      const yes = await cliOnTerminal(["repair", "skip", "1.0.0/0002-late"], ["y"], project.folder);
      assert.equal(yes.code, 0, yes.screen);
    }));

  it("is a method, too: one of two at once gets it, the other is refused", () =>
    withProject(async ({ knex, ...project }) => {
      addLate(project);
      await withUpgate(project.options, async ({ upgrader }) => {
        const both = await Promise.allSettled([upgrader.repair("skip", "1.0.0/0002-late"), upgrader.repair("skip", "1.0.0/0002-late")]);
        assert.ok(both.some(({ status }) => status === "fulfilled"));
        assert.equal(((await audit(knex)) as unknown[]).length, 1);
        assert.equal((await upgrader.state()).kind, "current");
      });
    }));
}
