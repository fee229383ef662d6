import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { Upgate } from "../../src/index.js";
import { assertPlain, type CliOptions, runCli, runCliJson } from "../support/cli.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { hostApplication, listening, PageClient } from "../support/hosting.js";
import { DOUBT, FAILING_MIGRATIONS, putInDoubt } from "../support/in-doubt.js";
import { createProject, INSTALL_KEY, type TestProject } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`a statement in doubt on ${kind.name}`, () => doubtOn(kind));

interface Scene {
  readonly upgate: Upgate;
  readonly project: TestProject;
  readonly here: CliOptions;
}

interface Told {
  readonly result?: string;
  readonly state: { readonly kind: string };
  readonly run: { readonly error: { readonly inDoubt: unknown } | null };
  readonly error: { readonly code: string; readonly message: string; readonly remedy: string };
}

function doubtOn(kind: DatabaseKind): void {
  /** A site whose upgrade to 1.1.0 has failed: in doubt, or at an error that is gone by now. */
  async function scene(play: (scene: Scene) => Promise<void>, { inDoubt = true } = {}): Promise<void> {
    const { address } = await kind.create();
    const project = createProject(address, { migrations: FAILING_MIGRATIONS });
    await install(project.options, "1.0.0");
    await withUpgate(project.options, async (upgate) => {
      const run = await upgate.upgrader.start({ where: "here", backup: { kind: "own", address: "test" } });
      assert.equal((await run.finished).status, "failed");
      if (inDoubt) await putInDoubt(upgate, project);
      await play({ upgate, project, here: { cwd: project.folder } });
    });
    project.remove();
  }
  const onPages = ({ upgate }: Scene, use: (client: PageClient) => Promise<void>): Promise<void> =>
    listening(hostApplication(upgate), async (base) => {
      const client = new PageClient(base);
      await client.signIn(INSTALL_KEY);
      await use(client);
    });
  const runRow = ({ knex }: Upgate): Promise<unknown> => knex("upgate_run").where({ to_version: "1.1.0" }).first();
  const unchanged = async ({ upgate }: Scene, act: () => Promise<void>): Promise<void> => {
    const before = await runRow(upgate);
    await act();
    assert.deepEqual(await runRow(upgate), before);
  };

  describe("in the wizard", () => {
    it("is shown with what is known and two buttons, and no Retry", () =>
      scene((parts) =>
        onPages(parts, async (client) => {
          const page = await client.get("/install/failed");
          assert.equal(page.heading, "Upgrade Failed");
          assert.match(page.text, /<pre [^>]*tabindex="0"[^>]*><code>call `fill_prices`\(\?, &#39;&lt;b&gt;Euro &amp; Cent/);
          for (const text of [/1\.1\.0\/0002-fill-prices/, /stored procedure does can&#39;t be seen/, /the backup is the way out/])
            assert.match(page.text, text);
          assert.match(page.text, /name="inDoubt" value="applied"[^>]*>It Was Applied</);
          assert.match(page.text, /name="inDoubt" value="again"[^>]*>Run It Again</);
          assert.doesNotMatch(page.text, />Retry</);
          const report = JSON.parse((await client.get("/install/report")).text) as Told;
          assert.deepEqual(
            report.run.error?.inDoubt,
            { ...DOUBT, statement: "call `fill_prices`(?, ?)" },
            "values are the operator's to see",
          );
        }),
      ));

    it("is nothing that visitors, or whoever has no key, are told", () =>
      scene((parts) =>
        onPages(parts, async ({ base }) => {
          const stranger = new PageClient(base);
          for (const path of ["/", "/install", "/install/failed", "/install/report", "/install/status"]) {
            const { text } = await stranger.get(path);
            assert.doesNotMatch(text, /fill.prices|stored procedure|doubt/i, path);
          }
          const answer = await fetch(base, { headers: { accept: "application/json" } });
          assert.doesNotMatch(await answer.text(), /fill.prices|stored procedure|doubt/i);
        }),
      ));

    for (const inDoubt of ["applied", "again"])
      it(`goes on at the answer ${inDoubt}, and writes down who gave it`, () =>
        scene((parts) =>
          onPages(parts, async (client) => {
            await client.get("/install/failed");
            assert.equal((await client.post("/install/retry", { inDoubt })).location, "progress");
            await until("the upgrade to finish", async () => (await client.get("/install/progress")).location === "done");
            await until("the audit entry", () =>
              parts.upgate
                .knex("upgate_audit")
                .where({ event: `in-doubt-${inDoubt}` })
                .first(),
            );
          }),
        ));

    it("refuses Retry without an answer with both buttons' names, an unknown answer, and a form without its token", () =>
      scene((parts) =>
        onPages(parts, (client) =>
          unchanged(parts, async () => {
            await client.get("/install/failed");
            const retry = await client.post("/install/retry");
            assert.equal(retry.status, 409);
            assert.match(retry.text, /role="alert"[\s\S]*“It Was Applied” or “Run It Again”/);
            assert.match(retry.text, /value="again"/, "the buttons are below");
            assert.equal((await client.post("/install/retry", { inDoubt: "perhaps" })).status, 400);
            assert.equal((await client.post("/install/retry", { inDoubt: "again", _csrf: "x" })).status, 403);
          }),
        ),
      ));

    it("refuses an answer where nothing is in doubt, with the page and its Retry", () =>
      scene(
        (parts) =>
          onPages(parts, (client) =>
            unchanged(parts, async () => {
              await client.get("/install/failed");
              const answer = await client.post("/install/retry", { inDoubt: "applied" });
              assert.equal(answer.status, 409);
              assert.match(answer.text, /No statement is in doubt/);
              assert.match(answer.text, />Retry</);
            }),
          ),
        { inDoubt: false },
      ));
  });

  describe("on the command line", () => {
    it("is shown by status, with both commands, and told whole with --json", () =>
      scene(async ({ here }) => {
        const status = await runCli(["status"], here);
        assert.equal(status.code, 12);
        assertPlain(status);
        for (const line of [
          /^ {2}call `fill_prices`/m,
          /stored procedure/,
          /upgate resume --in-doubt=applied/,
          /upgate resume --in-doubt=again/,
        ])
          assert.match(status.stdout, line);
        assert.doesNotMatch(status.stdout, /upgate retry/);
        const { json } = await runCliJson<Told>(["status"], here);
        assert.deepEqual(json.run.error?.inDoubt, DOUBT);
      }));

    it("is nothing that up, resume or retry answer by themselves", () =>
      scene((parts) =>
        unchanged(parts, async () => {
          const up = await runCli(["up", "--yes"], parts.here);
          assert.deepEqual([up.code, up.stderr], [3, ""]);
          assert.match(up.stdout, /--in-doubt=applied[\s\S]*--in-doubt=again/);
          const { json } = await runCliJson<Told>(["up", "--yes"], parts.here);
          assert.deepEqual([json.result, json.run.error?.inDoubt], ["failed", DOUBT]);
          for (const verb of ["resume", "retry"]) {
            const refused = await runCliJson<Told>([verb], parts.here);
            assert.equal(refused.code, 3);
            assert.equal(refused.json.error.code, "ERR_UPGATE_IN_DOUBT");
            assert.match(refused.json.error.message, /it was applied, or run it again/);
            assert.match(refused.json.error.remedy, /--in-doubt=applied.*--in-doubt=again/);
          }
        }),
      ));

    for (const args of [
      ["resume", "--in-doubt=applied"],
      ["resume", "--in-doubt=again"],
      ["retry", "--in-doubt=again"],
    ])
      it(`goes on at ${args.join(" ")}`, () =>
        scene(async ({ here, upgate }) => {
          const answer = await runCli(args, here);
          assert.equal(answer.code, 0, answer.stdout + answer.stderr);
          assert.match(answer.stdout, /Release 1\.1\.0 is installed/);
          await until("the gate to open", () => upgate.state().kind === "current");
        }));

    it("takes no answer where nothing is in doubt, and no third one", () =>
      scene(
        (parts) =>
          unchanged(parts, async () => {
            for (const verb of ["resume", "retry"]) {
              const refused = await runCliJson<Told>([verb, "--in-doubt=again"], parts.here);
              assert.equal(refused.code, 1);
              assert.match(refused.json.error.message, /No statement is in doubt/);
              const unknown = await runCli([verb, "--in-doubt=perhaps"], parts.here);
              assert.equal(unknown.code, 2);
              assert.match(unknown.stderr, /applied, again/);
            }
          }),
        { inDoubt: false },
      ));
  });
}
