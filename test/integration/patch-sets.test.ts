import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { UpgateOptions } from "../../src/index.js";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { hostApplication, listening, PageClient } from "../support/hosting.js";
import { INSTALL_KEY, SHOP_MIGRATIONS } from "../support/project.js";
import { type SealedProject, sealedProject } from "../support/sealed-project.js";
import { install, withUpgate } from "../support/upgates.js";
import { vendorKeys } from "../support/vendor-keys.js";
import { until } from "../support/wait.js";

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) describe(`a patch set on ${kind.name}`, () => patchSetsOn(kind));

function patchSetsOn(kind: DatabaseKind): void {
  /** A sealed release 1.1.0, installed, over which the files of the patch set 1.1.1 have been uploaded. */
  async function patched(
    use: (project: SealedProject) => Promise<void>,
    { installed = "1.1.0", more = {} }: PlayOptions = {},
  ): Promise<void> {
    const { address } = await kind.create();
    const project = sealedProject(address, { version: "1.1.1", more });
    const { release: _manifest, publicKey: _key, ...plain } = project.here;
    await install({ ...plain, patches: "ask" }, installed);
    await project.seal("1.1.0");
    project.write("lib/billing.js", "export const vat = 0.2;\n");
    await project.seal("1.1.1", "--kind", "patch", "--applies-to", "~1.1.0");
    try {
      await use(project);
    } finally {
      project.remove();
    }
  }
  interface PlayOptions {
    readonly installed?: string;
    readonly more?: Partial<UpgateOptions>;
  }
  const auditOf = (project: SealedProject): Promise<[event: string, address: string][]> =>
    withUpgate({ ...project.here, patches: "ask" }, async ({ knex }) => {
      const rows = await knex("upgate_audit").orderBy("happened_at").select("event", "address");
      return rows.map(({ event, address }): [string, string] => [event, address]);
    });

  it("keeps the site closed until the operator has been at /install: the default", async () => {
    await patched(async (project) => {
      await withUpgate(project.here, (upgate) =>
        listening(hostApplication(upgate), async (base) => {
          assert.equal(upgate.state().kind, "behind", upgate.state().reason);
          assert.equal((await fetch(base)).headers.get("upgate-maintenance"), "Err2");
          const client = new PageClient(base);
          await client.signIn(INSTALL_KEY);
          await client.get("/install/review");
          await client.post("/install/review");
          await client.get("/install/backup");
          await client.post("/install/start", { backup: "own" });
          await until("the open gate", async () => (await fetch(base)).status === 200);
          assert.equal(upgate.state().installedVersion, "1.1.1");
        }),
      );
    });
  });

  it('records itself with patches: "stamp", without a closed moment, and that is audited', async () => {
    await patched(
      async (project) => {
        await withUpgate(project.here, async (upgate) => {
          assert.deepEqual([upgate.state().kind, upgate.state().installedVersion], ["current", "1.1.1"], "at its first reading");
        });
        assert.deepEqual((await auditOf(project)).at(-1), ["stamp", "auto"]);
      },
      { more: { patches: "stamp" } },
    );
  });

  it("on a release that it was not made for is refused, and the release to upload is named", async () => {
    await patched(
      async (project) => {
        await withUpgate(project.here, async ({ state }) => {
          assert.equal(state().kind, "unsupported");
          assert.match(state().reason, /patch set 1\.1\.1 fits release ~1\.1\.0, but 1\.0\.0 is installed/);
          assert.match(state().remedy, /Upload the full release 1\.1\.1 or a later one, or a patch set made for 1\.0\.0/);
        });
      },
      { installed: "1.0.0", more: { patches: "stamp" } },
    );
  });

  it("with migrations does not record itself", async () => {
    const { address } = await kind.create();
    const migrations = {
      ...SHOP_MIGRATIONS,
      "1.1.1/0001-fix.mjs": `export const up = (knex) => knex("products").update({ price_cents: 1 });`,
    };
    const project = sealedProject(address, { version: "1.1.1", migrations, more: { patches: "stamp" } });
    const { release: _manifest, ...plain } = project.here;
    await install(plain, "1.1.0");
    await project.seal("1.1.1", "--kind", "patch", "--applies-to", "~1.1.0");
    await withUpgate(project.here, async ({ state }) => assert.equal(state().kind, "behind"));
    project.remove();
  });

  it("whose files did not all arrive is not recorded; files of the release below it are not its business", async () => {
    await patched(
      async (project) => {
        project.delete("lib/mail.js");
        project.write("lib/billing.js", "export const vat = 0.19;\n");
        await withUpgate(project.here, async ({ state }) => {
          assert.equal(state().kind, "altered");
          assert.match(state().reason, /^These files are still those of release 1\.1\.0: lib\/billing\.js\.$/);
          project.write("lib/billing.js", "export const vat = 0.2;\n");
          await until("the record", () => state().kind === "current");
        });
      },
      { more: { patches: "stamp" } },
    );
  });

  it("that is not signed is not recorded by itself, even where files are only warned of", async () => {
    const { publicKey } = vendorKeys();
    await patched(
      async (project) => {
        await withUpgate({ ...project.here, publicKey, integrity: "warn" }, async ({ state, knex }) => {
          assert.equal(state().kind, "behind");
          const beat = async (): Promise<number> => Number((await knex("upgate_node").first("beat"))?.beat);
          const before = await beat();
          await until("the node's next beat", async () => (await beat()) > before);
          assert.equal(state().kind, "behind");
        });
      },
      { more: { patches: "stamp" } },
    );
  });
}
