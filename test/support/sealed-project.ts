import { rmSync } from "node:fs";
import path from "node:path";
import type { UpgateOptions } from "../../src/index.js";
import { runCli } from "./cli.js";
import { createProject, SHOP_MIGRATIONS, type TestProject } from "./project.js";

/** A project whose release is sealed by `upgate seal`. */
export interface SealedProject extends TestProject {
  /** Seals what lies in the folder now. Throws where that fails. */
  seal(version: string, ...args: string[]): Promise<void>;
  /** Without the configuration file: runs happen inside this process. */
  readonly here: UpgateOptions;
  delete(name: string): void;
}

interface SealedOptions {
  readonly version?: string;
  readonly more?: Partial<UpgateOptions>;
  readonly migrations?: Readonly<Record<string, string>>;
}

export function sealedProject(
  address: string,
  { version = "1.1.0", more = {}, migrations = SHOP_MIGRATIONS }: SealedOptions = {},
): SealedProject {
  const project = createProject(address, { version, migrations });
  const release = project.write("release.json", JSON.stringify({ version }));
  const { configFile: _file, ...options } = { ...project.options, release, ...more };
  // As a vendor has it: what differs between machines comes from the environment.
  project.write(
    "upgate.config.mjs",
    `export default { ...${JSON.stringify({ ...options, logger: undefined })}, version: process.env.RELEASE ?? ${JSON.stringify(version)} };\n`,
  );
  project.write("lib/billing.js", "export const vat = 0.19;\n");
  project.write("lib/mail.js", "export const from = 'shop';\n");
  return {
    ...project,
    options: { ...project.options, ...options },
    here: options,
    delete: (name) => rmSync(path.join(project.folder, name), { recursive: true }),
    async seal(of, ...args) {
      const { code, stderr } = await runCli(["seal", ...args], { cwd: project.folder, env: { RELEASE: of } });
      if (code !== 0) throw new Error(`upgate seal ended with ${code}: ${stderr}`);
    },
  };
}
