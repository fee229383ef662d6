import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { Upgate, UpgateOptions } from "../../src/index.js";
import { type Answers, runCli, runCliJson } from "../support/cli.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { hostApplication, listening, PageClient } from "../support/hosting.js";
import { INSTALL_KEY } from "../support/project.js";
import { type SealedProject, sealedProject } from "../support/sealed-project.js";
import { install, withUpgate } from "../support/upgates.js";
import { vendorKeys } from "../support/vendor-keys.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

const KEYS = vendorKeys();
const BILLING = "export const vat = 0.19;\n";

for (const kind of kinds) describe(`the files of a sealed release on ${kind.name}`, () => integrityOn(kind));

function integrityOn(kind: DatabaseKind): void {
  async function play(more: Partial<UpgateOptions>, use: (project: SealedProject) => Promise<void>, installed = "1.1.0"): Promise<void> {
    const { address } = await kind.create();
    const project = sealedProject(address, { more });
    const { release: _manifest, publicKey: _key, ...plain } = project.here;
    await install(plain, installed);
    try {
      await use(project);
    } finally {
      project.remove();
    }
  }
  const healthOf = async (upgate: Upgate): Promise<Answers["groups"][number]["checks"]> =>
    listening(hostApplication(upgate), async (base) => {
      const answer = await fetch(`${base}/admin/system-health?format=json`);
      return ((await answer.json()) as { checks: Answers["groups"][number]["checks"] }).checks;
    });
  const untilReadAgain = async (upgate: Upgate): Promise<void> => {
    const beat = async (): Promise<number> => Number((await upgate.knex("upgate_node").first("beat"))?.beat);
    const before = await beat();
    await until("the node's next beat", async () => (await beat()) > before);
  };
  const checkOf = async (upgate: Upgate, id: string) => (await healthOf(upgate)).find((check) => check.id === id);

  it("opens the site when they are as sealed", async () => {
    await play({}, async (project) => {
      await project.seal("1.1.0");
      await withUpgate(project.here, async (upgate) => {
        assert.equal(upgate.state().kind, "current", upgate.state().reason);
        const check = await checkOf(upgate, "integrity");
        assert.match(check?.message ?? "", /^\d+ files are as release 1\.1\.0 has them/);
      });
    });
  });

  it("keeps it closed when they are not, names them to the operator only, and opens it once they are right again", async () => {
    await play({}, async (project) => {
      await project.seal("1.1.0");
      project.write("lib/billing.js", "export const vat = 0;\n");
      project.delete("lib/mail.js");
      await withUpgate(project.here, (upgate) =>
        listening(hostApplication(upgate), async (base) => {
          const { kind: found, reason, remedy } = upgate.state();
          assert.equal(found, "altered");
          assert.match(reason, /missing: lib\/mail\.js\..*not as release 1\.1\.0 has them: lib\/billing\.js\./);
          assert.match(remedy, /Upload all files of release 1\.1\.0 again/);
          const page = await fetch(base);
          assert.deepEqual([page.status, page.headers.get("upgate-maintenance")], [503, "Err2"]);
          assert.doesNotMatch(await page.text(), /billing/);
          const client = new PageClient(base);
          await client.signIn(INSTALL_KEY);
          const review = await client.get("/install/review");
          assert.match(review.text, /lib\/billing\.js/);
          assert.doesNotMatch(review.text, /name="ignoreChecks"|>Continue</);
          await assert.rejects(upgate.upgrader.start(), { code: "ERR_UPGATE_STATE", message: /lib\/mail\.js/ });
          project.write("lib/billing.js", BILLING);
          project.write("lib/mail.js", "export const from = 'shop';\n");
          await until("the open gate", async () => (await fetch(base)).status === 200);
        }),
      );
      assert.ok(project.lines.some((line) => /altered: These files of release/.test(line)));
    });
  });

  it("does not close a site that is open: System Health tells, and the next start stays closed", async () => {
    await play({}, async (project) => {
      await project.seal("1.1.0");
      await withUpgate(project.here, async (upgate) => {
        project.write("lib/billing.js", "export const vat = 0;\n");
        // Pages look once a minute; before a start it is looked at anew.
        const blocking = (await upgate.upgrader.preflight()).map(({ id }) => id);
        assert.deepEqual(blocking, ["integrity"]);
        const check = await checkOf(upgate, "integrity");
        assert.deepEqual([check?.severity, /lib\/billing\.js/.test(check?.message ?? "")], ["danger", true]);
        assert.equal((await upgate.upgrader.state()).kind, "current");
        await untilReadAgain(upgate);
        assert.equal(upgate.state().kind, "current");
      });
      await withUpgate(project.here, async (upgate) => assert.equal(upgate.state().kind, "altered"));
    });
  });

  it("does not judge a newer release while it is being uploaded", async () => {
    await play({}, async (project) => {
      await project.seal("1.1.0");
      await withUpgate(project.here, async (upgate) => {
        await project.seal("1.2.0");
        project.delete("lib/mail.js");
        await until("the newer files", () => upgate.state().filesVersion === "1.2.0");
        assert.equal(upgate.state().kind, "current");
        assert.match(
          (await checkOf(upgate, "integrity"))?.message ?? "",
          /release\.json is of release 1\.2\.0, but this process runs 1\.1\.0/,
        );
      });
      await withUpgate({ ...project.here, version: "1.2.0" }, async (upgate) => {
        assert.equal(upgate.state().kind, "altered");
        project.write("lib/mail.js", "export const from = 'shop';\n");
        await until("the end of the upload", () => upgate.state().kind === "behind");
      });
    });
  });

  it("refuses a start when a file is altered after the boot", async () => {
    await play(
      {},
      async (project) => {
        await project.seal("1.1.0");
        await withUpgate(project.here, async ({ upgrader, state }) => {
          assert.equal(state().kind, "behind", state().reason);
          project.write("lib/billing.js", "export const vat = 0;\n");
          const backup = { kind: "own", address: "test" } as const;
          await assert.rejects(upgrader.start({ backup, where: "here" }), { code: "ERR_UPGATE_PREFLIGHT", message: /lib\/billing\.js/ });
          await until("the state altered", () => state().kind === "altered");
          project.write("lib/billing.js", BILLING);
          await until("the state behind", () => state().kind === "behind");
          assert.equal((await (await upgrader.start({ backup, where: "here" })).finished).status, "completed");
        });
      },
      "1.0.0",
    );
  });

  it("mixed with an older release is told so, and what an upload left there is a warning", async () => {
    await play({}, async (project) => {
      project.write("lib/gone.js", "gone");
      await project.seal("1.0.0");
      project.write("lib/billing.js", "export const vat = 0.21;\n");
      project.delete("lib/gone.js");
      await project.seal("1.1.0");
      project.write("lib/gone.js", "gone");
      await withUpgate(project.here, async (upgate) => {
        assert.equal(upgate.state().kind, "current");
        const check = await checkOf(upgate, "integrity");
        assert.deepEqual(
          [check?.severity, check?.message],
          ["warning", "These files were left over from an earlier release: lib/gone.js."],
        );
      });
      project.write("lib/billing.js", BILLING);
      await withUpgate(project.here, async (upgate) => {
        assert.match(upgate.state().reason, /still those of release 1\.0\.0: lib\/billing\.js/);
      });
    });
  });

  for (const integrity of ["warn", "off"] as const)
    it(`integrity: "${integrity}" leaves the site open`, async () => {
      await play({ integrity }, async (project) => {
        await project.seal("1.1.0");
        project.delete("lib/mail.js");
        await withUpgate(project.here, async (upgate) => {
          assert.equal(upgate.state().kind, "current");
          const { severity, blocking } = (await checkOf(upgate, "integrity")) ?? {};
          assert.deepEqual([severity, blocking ?? false], [integrity === "warn" ? "warning" : "ok", false]);
          if (integrity === "warn") await until("the log", () => project.lines.some((line) => /missing: lib\/mail\.js/.test(line)));
        });
      });
    });

  it("a manifest that is not signed by the vendor's key closes the site, and blocks where nothing else is refused", async () => {
    await play({ publicKey: KEYS.publicKey }, async (project) => {
      project.write("key.pem", KEYS.privateKey);
      await project.seal("1.1.0", "--key", "key.pem");
      await withUpgate(project.here, async (upgate) => {
        assert.equal(upgate.state().kind, "current", upgate.state().reason);
        assert.match((await checkOf(upgate, "release-signature"))?.message ?? "", /is signed with the vendor's key/);
      });
      project.write("release.json", JSON.stringify({ version: "1.1.0" }));
      await withUpgate(project.here, async (upgate) => {
        assert.match(`${upgate.state().kind}: ${upgate.state().reason}`, /^altered: release\.json is not signed/);
      });
      await withUpgate({ ...project.here, integrity: "warn", version: "1.1.0" }, async (upgate) => {
        assert.equal(upgate.state().kind, "current");
        assert.deepEqual(
          (await upgate.upgrader.preflight()).map(({ id }) => id),
          ["release-signature"],
        );
      });
    });
  });

  it("is told on the command line, too", async () => {
    await play({}, async (project) => {
      await project.seal("1.1.0");
      const cwd = { cwd: project.folder };
      assert.equal((await runCli(["status"], cwd)).code, 0);
      project.write("lib/billing.js", "export const vat = 0;\n");
      const status = await runCliJson<Answers>(["status"], cwd);
      assert.deepEqual([status.code, status.json.state.kind], [12, "altered"]);
      const { json } = await runCliJson<Answers>(["doctor"], cwd);
      const found = json.groups.flatMap(({ checks }) => checks).find(({ id }) => id === "integrity");
      assert.deepEqual([found?.severity, found?.blocking], ["danger", true]);
      assert.equal((await runCli(["up", "--yes"], cwd)).code, 1);
    });
  });
}
