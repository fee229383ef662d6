import assert from "node:assert/strict";
import path from "node:path";
import { after, describe, it } from "node:test";
import { cliOnTerminal, type CliOptions, runCli, runCliJson, startCli } from "../support/cli.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { createProject, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`upgate up on ${kind.name}`, () => upOn(kind));

/** Sends a statement every few milliseconds until the file is there. */
const LONG = (flag: string): string => `import { existsSync } from "node:fs";
export const up = async (knex) => {
  await knex("products").insert({ name: "from the long migration" });
  const deadline = Date.now() + 50_000;
  while (!existsSync(${JSON.stringify(flag)}) && Date.now() < deadline) {
    await knex("products").where({ name: "from the long migration" }).update({ price_cents: knex.raw("price_cents + 1") });
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};`;

interface Result {
  readonly result: string;
  readonly state: { readonly kind: string };
  readonly run: {
    readonly migrations: readonly { readonly name: string; readonly status: string }[];
    readonly error: { message: string } | null;
  };
  readonly error: { readonly code: string };
}

function upOn(kind: DatabaseKind): void {
  async function setUp(migrations: Readonly<Record<string, string>> = {}): Promise<TestProject & { here: CliOptions }> {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: { ...SHOP_MIGRATIONS, ...migrations } });
    await install(project.options, "1.0.0");
    return { ...project, here: { cwd: project.folder } };
  }
  const started = (project: TestProject, name: string): Promise<unknown> =>
    withUpgate(project.options, ({ upgrader }) =>
      until(name, async () => (await upgrader.status()).run?.migrations.find((one) => one.name === name)?.status === "running"),
    );

  it("asks for a yes where nobody can give it, and changes nothing", async () => {
    const { here, options } = await setUp();
    const answer = await runCli(["up"], here);
    assert.deepEqual([answer.code, answer.stdout], [1, ""]);
    assert.match(
      answer.stderr,
      /1\.1\.0\/0001-product-price[\s\S]*ERR_UPGATE_UNCONFIRMED.*Do you have a backup of the database\?\nSay --yes/,
    );
    await withUpgate(options, async (upgate) => assert.equal(upgate.state().kind, "behind"));
  });

  it("upgrades with a line for each migration, then says that it is up to date", async () => {
    const { here } = await setUp();
    const answer = await runCli(["up", "--yes"], here);
    assert.deepEqual([answer.code, answer.stdout], [0, "Release 1.1.0 is installed.\n"], answer.stderr);
    assert.match(
      answer.stderr,
      /^Upgrading from 1\.0\.0 to 1\.1\.0 …\n {2}1\.1\.0\/0001-product-price {2}\d+ ms\n {2}1\.1\.0\/0002-fill-prices {2}\d+ ms\n$/,
    );
    const again = await runCli(["up", "--yes"], here);
    assert.deepEqual([again.code, again.stdout, again.stderr], [0, "You are up to date! (1.1.0)\n", ""]);
    const json = await runCliJson<Result>(["up", "--yes"], here);
    assert.deepEqual([json.code, json.json.result, json.stderr], [0, "up-to-date", ""]);
  });

  it("--json is one object on stdout and nothing else", async () => {
    const { here } = await setUp();
    const { code, json, stderr } = await runCliJson<Result>(["up", "--yes"], here);
    assert.deepEqual([code, json.result, json.state.kind, stderr], [0, "completed", "current", ""]);
    assert.deepEqual(
      json.run.migrations.map(({ status }) => status),
      ["applied", "applied"],
    );
  });

  it("ends with 3 when a migration fails, tells how to go on, and retry goes on from there", async () => {
    const project = await setUp({ "1.1.0/0003-broken.mjs": `export const up = () => { throw new Error("the moon is full"); };` });
    const answer = await runCli(["up", "--yes"], project.here);
    assert.equal(answer.code, 3);
    assert.match(
      answer.stdout,
      /^The migration 1\.1\.0\/0003-broken failed: the moon is full\n.*\nThen go on with: upgate retry\n.*: upgate report\n$/,
    );
    const { code, json } = await runCliJson<Result>(["retry"], project.here);
    assert.deepEqual(
      [code, json.result, json.run.error?.message],
      [3, "failed", "The migration 1.1.0/0003-broken failed: the moon is full"],
    );
    assert.equal((await runCli(["resume"], project.here)).code, 1, "nothing was interrupted");
    project.write("migrations/1.1.0/0003-broken.mjs", "export const up = () => {};");
    const retried = await runCli(["retry"], project.here);
    assert.deepEqual([retried.code, retried.stdout], [0, "Release 1.1.0 is installed.\n"], retried.stderr);
    assert.equal((await runCli(["retry"], project.here)).code, 1, "nothing is failed any more");
  });

  it("goes on from the version row that the application writes meanwhile", async () => {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: SHOP_MIGRATIONS });
    await install(project.options, "1.0.0");
    await withUpgate(project.options, ({ knex }) => knex("tbl_config").delete());
    const config = { ...project.options, logger: undefined };
    project.write(
      "upgate.config.mjs",
      `const detectVersion = async (knex) => { await knex("tbl_config").insert({ setting: "version", value: "1.0.0" }); return null; };
export default { ...${JSON.stringify(config)}, detectVersion };`,
    );
    const answer = await runCli(["up", "--yes"], { cwd: project.folder });
    assert.deepEqual([answer.code, answer.stdout], [0, "Release 1.1.0 is installed.\n"], answer.stderr);
    project.remove();
  });

  it("goes on when nobody listens any more", async () => {
    const setup = await setUp();
    const flag = path.join(setup.folder, "go");
    setup.write("migrations/1.1.0/0002-fill-prices.mjs", LONG(flag));
    setup.write("migrations/1.1.0/0003-more.mjs", "export const up = () => {};");
    const cli = startCli(["up", "--yes"], setup.here);
    await started(setup, "1.1.0/0002-fill-prices");
    cli.child.stdout?.destroy();
    cli.child.stderr?.destroy();
    setup.write("go", "");
    assert.equal((await cli.ended).code, 0);
    await withUpgate(setup.options, async (upgate) => assert.equal(upgate.state().kind, "current"));
  });

  it("stops in order when its terminal is closed, which may be said twice", async () => {
    const setup = await setUp();
    setup.write("migrations/1.1.0/0002-fill-prices.mjs", LONG(path.join(setup.folder, "go")));
    const cli = startCli(["up", "--yes"], setup.here);
    await started(setup, "1.1.0/0002-fill-prices");
    cli.child.kill("SIGHUP");
    cli.child.kill("SIGHUP");
    assert.equal((await cli.ended).code, 129, cli.output().stderr);
    await withUpgate(setup.options, async (upgate) => {
      assert.equal(upgate.state().kind, "interrupted");
      assert.equal((await upgate.knex("upgate_lease").first()).host, null, "the lease is given back");
    });
  });

  it("stops on Ctrl-C after the statement under way, says how to resume, and resume completes it", async () => {
    const setup = await setUp();
    const flag = path.join(setup.folder, "go");
    setup.write("migrations/1.1.0/0002-fill-prices.mjs", LONG(flag));
    const cli = startCli(["up", "--yes"], setup.here);
    await started(setup, "1.1.0/0002-fill-prices");
    cli.child.kill("SIGINT");
    const answer = await cli.ended;
    assert.deepEqual(
      [answer.code, answer.stdout],
      [130, "Stopped: 1 of 2 migrations are applied, and the site stays closed.\nGo on with: upgate resume\n"],
      answer.stderr,
    );
    assert.match(answer.stderr, /Stopping after the statement under way/);
    await withUpgate(setup.options, async (upgate) => {
      assert.equal(upgate.state().kind, "interrupted");
      assert.deepEqual(await upgate.knex("products").pluck("name"), ["Ink", "Paper"], "the unfinished migration was rolled back");
    });
    assert.equal((await runCli(["retry"], setup.here)).code, 1, "it has not failed");
    setup.write("go", "");
    const resumed = await runCli(["resume"], setup.here);
    assert.deepEqual([resumed.code, resumed.stdout], [0, "Release 1.1.0 is installed.\n"], resumed.stderr);
  });

  it("in a second terminal waits for the first and reports its success; with --no-wait it leaves at once", async () => {
    const setup = await setUp();
    const flag = path.join(setup.folder, "go");
    setup.write("migrations/1.1.0/0002-fill-prices.mjs", LONG(flag));
    const first = startCli(["up", "--yes"], setup.here);
    await started(setup, "1.1.0/0002-fill-prices");
    const impatient = await runCliJson<Result>(["up", "--yes", "--no-wait"], setup.here);
    assert.deepEqual([impatient.code, impatient.json.error.code], [4, "ERR_UPGATE_LEASE_HELD"]);
    const second = startCli(["up", "--yes"], setup.here);
    await until("the second to wait", () => /is held by .* \(process \d+\) since .* Waiting for it …/.test(second.output().stderr));
    setup.write("go", "");
    assert.equal((await first.ended).code, 0);
    const { code, stdout, stderr } = await second.ended;
    assert.deepEqual([code, stdout], [0, "You are up to date! (1.1.0)\n"], stderr);
  });

  it("resume watches the beat of a holder on another machine before it judges", async () => {
    const setup = await setUp();
    const flag = path.join(setup.folder, "go");
    setup.write("migrations/1.1.0/0002-fill-prices.mjs", LONG(flag));
    const first = startCli(["up", "--yes"], setup.here);
    await started(setup, "1.1.0/0002-fill-prices");
    first.child.kill("SIGKILL");
    await first.ended;
    setup.write("go", "");
    await withUpgate(setup.options, async ({ knex }) => {
      await until("the dead process's connection to be gone", () =>
        knex("upgate_lease")
          .update({ host: "elsewhere", host_id: "another machine" })
          .then(
            () => true,
            () => false,
          ),
      );
    });
    const { code, stdout, stderr } = await runCli(["resume"], setup.here);
    assert.deepEqual([code, stdout], [0, "Release 1.1.0 is installed.\n"], stderr);
    assert.match(stderr, /Looking whether elsewhere \(process \d+\) is still alive …/);
  });

  it("goes on by itself when the first is killed", async () => {
    const setup = await setUp();
    const flag = path.join(setup.folder, "go");
    setup.write("migrations/1.1.0/0002-fill-prices.mjs", LONG(flag));
    const first = startCli(["up", "--yes"], setup.here);
    await started(setup, "1.1.0/0002-fill-prices");
    const second = startCli(["up", "--yes"], setup.here);
    await until("the second to wait", () => second.output().stderr.includes("Waiting for it"));
    setup.write("go", "");
    first.child.kill("SIGKILL");
    const { code, stdout, stderr } = await second.ended;
    assert.deepEqual([code, stdout], [0, "Release 1.1.0 is installed.\n"], stderr);
  });
}

describe("upgate up on a terminal", () => {
  it("asks about licence and backup, takes no for no, and draws a bar that ends in one green line", async () => {
    const [sqlite] = kinds;
    const { address } = await (sqlite as DatabaseKind).create();
    const project = createProject(address, { migrations: SHOP_MIGRATIONS, license: "# Terms" });
    await install(project.options, "1.0.0");
    const no = await cliOnTerminal(["up"], ["n"], project.folder);
    assert.equal(no.code, 1, no.screen);
    assert.match(no.screen, /Do you agree to the licence, .*EULA\.md\? \[y\/N\][\s\S]*Nothing was changed/);
    const neither = await cliOnTerminal(["up"], ["y", "n", "n"], project.folder);
    assert.equal(neither.code, 1, neither.screen);
    assert.match(neither.screen, /Shall one be made, as soon as the site is closed\? \[y\/N\][\s\S]*Nothing was changed/);
    const yes = await cliOnTerminal(["up"], ["y", "n", "y"], project.folder);
    assert.equal(yes.code, 0, yes.screen);
    const escape = String.fromCharCode(27);
    assert.ok(yes.screen.includes("Do you have a backup of the database? [y/N]"), yes.screen);
    assert.match(yes.screen, /\[[= ]{24}\] \d+ % {2}\d of 2/);
    assert.ok(yes.screen.trimEnd().endsWith(`${escape}[32mRelease 1.1.0 is installed.${escape}[39m`), yes.screen);
    await withUpgate(project.options, async ({ knex }) => {
      const run = await knex("upgate_run").where({ to_version: "1.1.0" }).first();
      assert.equal(run.license_hash.length, 64);
      const { address: by, kind, made } = JSON.parse(run.backup);
      assert.deepEqual([by, kind, made.proof], ["cli", "made", "restored"]);
    });
    project.remove();
  });
});
