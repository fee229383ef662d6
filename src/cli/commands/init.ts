import { createRequire } from "node:module";
import path from "node:path";
import type { Command } from "commander";
import { isUpgateError, messageOf } from "../../core/errors.js";
import { resolveSettings } from "../../upgrade/settings.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { loadConfig } from "../load-config.js";
import { nextSteps } from "../project/next-steps.js";
import { discoverProject, type Project } from "../project/project.js";
import { type ProjectFile, projectFiles, writeNewFiles } from "../project/project-files.js";
import { findings, insertionLines } from "../project/report.js";
import { insertionsFor } from "../project/upgate-module.js";
import { Terminal } from "../terminal.js";
import { verb } from "../verb.js";

interface InitOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly knexfile?: string;
}

export function initCommand(): Command {
  return verb(
    "init",
    "put the Express and knex project in this folder under upgate: writes the configuration, shows the lines to add",
    {
      examples: [
        ["upgate init", "show what was found and would be written, then ask"],
        ["upgate init --dry-run", "write nothing"],
        ["upgate init --yes --json", "for scripts"],
      ],
      exitCodes: [
        [EXIT.done, "the files are written, or would be"],
        [EXIT.error, "the project does not fit, nothing was written; or the configuration that was written needs a correction"],
      ],
    },
    { config: false },
  )
    .option("-n, --dry-run", "show what would be written, write nothing")
    .option("-y, --yes", "write without asking")
    .option("--knexfile <file>", "the knexfile, where there are several")
    .action(async (options: InitOptions) => {
      process.exitCode = await init(options);
    });
}

async function init({ dryRun = false, yes = false, json = false, knexfile }: InitOptions): Promise<ExitCode> {
  const terminal = new Terminal(json);
  const project = await discoverProject({ folder: process.cwd(), env: process.env, knexfile: knexfile ?? null });
  const files = projectFiles(project);
  for (const line of [...findings(project), ""]) terminal.say(line);
  if (!dryRun && !yes) {
    for (const line of preview(files)) terminal.say(line);
    if (!(await terminal.confirm(`Write ${listed(files)}?`, "Say --yes to write without questions, or --dry-run to write nothing."))) {
      terminal.say("Nothing was written.");
      return EXIT.error;
    }
  }
  if (!dryRun) writeNewFiles(project.folder, files);
  const problems = dryRun ? [] : await problemsOf(project);
  answer(terminal, project, { files, dryRun, problems });
  return problems.length === 0 ? EXIT.done : EXIT.error;
}

interface Outcome {
  readonly files: readonly ProjectFile[];
  readonly dryRun: boolean;
  readonly problems: readonly string[];
}

function answer(terminal: Terminal, project: Project, { files, dryRun, problems }: Outcome): void {
  const insertions = insertionsFor(project.entry, project.module);
  const { packageFile, installed, version, knexfile, migrations, database } = project;
  const isTypeScript = [knexfile?.file, ...migrations.files.map((file) => file.path)].some((file) => /\.[mc]?ts$/.test(file ?? ""));
  const next = nextSteps({ database, version: version.version, migrations: migrations.files.length, isTypeScript, problems });
  const found = {
    application: packageFile.product,
    version: version.version,
    ...installed,
    knexfile: knexfile === null ? null : { file: knexfile.file, environment: knexfile.environment },
    migrations: { folder: migrations.folder, style: migrations.style, files: migrations.files.length },
    database,
  };
  terminal.result({ written: !dryRun, found, files, insertions, problems, next }, [
    ...(dryRun ? [...preview(files), `Nothing was written; without --dry-run: ${listed(files)}.`] : [`Wrote ${listed(files)}.`]),
    ...problems.map((problem) => terminal.paint("red", `upgate.config.mjs can't be used yet: ${problem}`)),
    "",
    ...insertionLines(insertions),
    "",
    "Next:",
    ...next.map((step, index) => `  ${index + 1}. ${step}`),
  ]);
}

/** Loads what was written as the application will: by require() where its modules do so. */
async function problemsOf({ folder, module }: Project): Promise<string[]> {
  const file = path.join(folder, "upgate.config.mjs");
  try {
    if (module.system === "cjs") createRequire(file)(file);
    resolveSettings(await loadConfig(file));
    return [];
  } catch (error) {
    const problems = isUpgateError(error) ? error.problems : [];
    return problems.length === 0 ? [messageOf(error)] : problems.map((problem) => `${problem.path}: ${problem.message}`);
  }
}

function preview(files: readonly ProjectFile[]): string[] {
  return files.filter(({ text }) => text !== "").flatMap(({ file, text }) => [`--- ${file}`, ...text.trimEnd().split("\n"), ""]);
}

function listed(files: readonly ProjectFile[]): string {
  const names = files.map(({ file, text }) => (text === "" ? path.posix.dirname(file) + "/" : file));
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
