import type { Upgate, UpgateOptions } from "../../src/index.js";
import type { DatabaseKind } from "../support/databases.js";
import { hostApplication, listening } from "../support/hosting.js";
import { createProject, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";

const LICENSE = "# Terms\n\nBe kind to each other.";
/** A migration that waits until the test writes the file `go` into the project. */
export const WAITING = `import { existsSync } from "node:fs";
export const up = async (knex) => {
  await knex("products").update({ price_cents: 995 });
  const deadline = Date.now() + 120_000;
  while (!existsSync(new URL("../../go", import.meta.url)) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
};`;
export const FAILING = `export const up = (knex) => knex("no_such_table").update({ a: 1 });`;

export interface Scene {
  readonly upgate: Upgate;
  readonly project: TestProject;
  readonly site: string;
}

type PlayScene = (migrations: Record<string, string>, more: Partial<UpgateOptions>, play: (scene: Scene) => Promise<void>) => Promise<void>;

/** A site at release 1.0.0 with the files of 1.1.0, mounted by hand. */
export function sceneOn(kind: Pick<DatabaseKind, "create">): PlayScene {
  return async function scene(migrations, more, play) {
    const { address } = await kind.create();
    const branding = { name: "Shop", adminUrl: `${more.basePath ?? ""}/admin` };
    const project = createProject(address, {
      migrations: { ...SHOP_MIGRATIONS, ...migrations },
      license: LICENSE,
      more: { branding, ...more },
    });
    await install(project.options, "1.0.0");
    await withUpgate(project.options, async (upgate) =>
      listening(hostApplication(upgate, more.basePath ?? ""), (base) => play({ upgate, project, site: base + (more.basePath ?? "") })),
    );
    project.remove();
  };
}
