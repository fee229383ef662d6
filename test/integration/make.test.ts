import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { type Files, type VendorProject, vendorProject } from "../support/vendor-project.js";

let project: VendorProject;
afterEach(() => project.remove());

const CONFIG = `import { defineConfig } from "upgate";
export default defineConfig({ version: "8.6.1", database: "sqlite:./data/app.db", migrations: "./migrations" });
`;

const lay = (packageJson: object, migrations: Files): void => {
  const files = Object.fromEntries(Object.entries(migrations).map(([name, text]) => [`migrations/${name}`, text]));
  project = vendorProject({ files: { "package.json": packageJson, "upgate.config.mjs": CONFIG, "migrations/.gitkeep": "", ...files } });
};

const UP = "export const up = (knex) => knex.schema.createTable('t1', (t) => t.increments('id'));";

describe("upgate make", () => {
  it("goes on with the numbers of the code version, and the migration runs", () => {
    lay({}, { "8.6.0/0001-a.mjs": UP, "8.6.0/0007-b.mjs": "export const up = () => {};" });
    const first = project.upgate("make", "addTaxId");
    assert.deepEqual([first.status, first.stdout], [0, "migrations/8.6.1/0001-add-tax-id.mjs\n"], first.stderr);
    assert.equal(project.upgate("make", "add tax id").stdout, "migrations/8.6.1/0002-add-tax-id.mjs\n");
    assert.equal(project.contents()["data/app.db"], undefined, "the database is not opened");
    const up = project.upgate("up", "--yes");
    assert.equal(up.status, 0, up.stderr);
    assert.equal(project.upgate("status").status, 0);
  });

  it("names files as knex does in a flat folder, in the package's module system", () => {
    lay({}, { "20240101000000_a.js": "exports.up = () => {};" });
    const { stdout } = project.upgate("make", "add-tax-id");
    assert.match(stdout, /^migrations\/\d{14}_add_tax_id\.js\n$/);
    assert.match(project.read(stdout.trim()), /^exports\.up = async function \(knex, ctx\) \{$/m);
    assert.equal(project.upgate("up", "--yes").status, 0);
  });

  it("begins with a folder for the release; --flat and --ext say otherwise", () => {
    lay({ type: "module" }, {});
    assert.match(project.upgate("make", "a", "--flat", "--ext", "cjs").stdout, /^migrations\/\d{14}_a\.cjs\n$/);
    project.remove();
    lay({ type: "module" }, {});
    const { file, version } = JSON.parse(project.upgate("make", "a", "--json").stdout);
    assert.deepEqual([file.endsWith("/migrations/8.6.1/0001-a.js"), version], [true, "8.6.1"]);
    assert.match(project.read("migrations/8.6.1/0001-a.js"), /^export async function up\(knex, ctx\) \{$/m);
  });

  for (const name of ["", "a/b", "../a", "a.js", "x".repeat(101)])
    it(`refuses the name ${JSON.stringify(name.slice(0, 10))}`, () => {
      lay({}, {});
      const before = project.contents();
      const { status, stderr } = project.upgate("make", name);
      assert.equal(status, 2);
      assert.match(stderr, /The name must /);
      assert.deepEqual(project.contents(), before);
    });

  it("refuses migrations that come from a source", () => {
    lay({}, {});
    const source = "{ getMigrations: async () => [], getMigrationName: String, getMigration: () => ({ up() {} }) }";
    project.write({ "upgate.config.mjs": CONFIG.replace('"./migrations"', source) });
    const { status, stderr } = project.upgate("make", "a");
    assert.equal(status, 1);
    assert.match(stderr, /^ERR_UPGATE_OPTIONS: The option migrations is no folder: upgate make can't write a file into it\.\n/m);
  });

  it("refuses a folder that is not there", () => {
    lay({}, {});
    project.write({ "upgate.config.mjs": CONFIG.replace('"./migrations"', '"./changes"') });
    const { status, stderr } = project.upgate("make", "a");
    assert.equal(status, 1);
    assert.match(stderr, /^ERR_UPGATE_OPTIONS: .*\n {2}migrations: the folder .* does not exist/m);
  });

  it("needs a configuration", () => {
    lay({}, {});
    const { status, stderr } = project.upgate("make", "a", "--config", "none.mjs");
    assert.equal(status, 1);
    assert.match(stderr, /^ERR_UPGATE_CONFIG_FILE/);
  });
});
