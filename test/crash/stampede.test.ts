import assert from "node:assert/strict";
import { after, it } from "node:test";
import { type DatabaseKind, databaseKinds } from "../support/databases.js";
import { startCli } from "../support/cli.js";
import { createProject } from "../support/project.js";
import { problemsOfBookkeeping } from "./bookkeeping.js";
import { chaptersOf, newLog, optionsFor } from "./chapter.js";
import { problemsOfSteps, readLog } from "./log.js";
import { compareOutcomes, readOutcome } from "./outcome.js";
import { makeReference } from "./reference.js";

const PROCESSES = 20;

const kinds = await databaseKinds();
after(async () => {
  for (const kind of kinds) await kind.stop();
});

for (const kind of kinds) {
  it(`${PROCESSES} processes that start at once on an empty ${kind.name} install it once, and all report success`, () => stampede(kind));
}

async function stampede(kind: DatabaseKind): Promise<void> {
  const dialect = kind.name === "SQLite" ? "sqlite" : "mysql";
  const chapter = chaptersOf(dialect).find(({ version }) => version === "1.4.0");
  assert.ok(chapter);
  const sinceMs = Date.now();
  const [empty, database] = [await kind.create(), await kind.create()];
  const reference = await makeReference(chapter, empty.address, sinceMs);
  const { version, migrations } = optionsFor(chapter, database.address);
  const project = createProject(database.address, { version, migrations: {}, more: { migrations } });
  const log = newLog();
  const runs = Array.from({ length: PROCESSES }, () => startCli(["up", "--yes"], { cwd: project.folder, env: { UPGATE_CRASH_LOG: log } }));
  const answers = await Promise.all(runs.map(({ ended }) => ended));
  for (const { code, stdout, stderr } of answers) assert.equal(code, 0, stdout + stderr);
  assert.equal(answers.filter(({ stdout }) => stdout.includes("is installed")).length, 1, answers.map(({ stdout }) => stdout).join(""));
  assert.equal(answers.filter(({ stdout }) => stdout.includes("up to date")).length, PROCESSES - 1);
  assert.deepEqual(compareOutcomes(await readOutcome(database.address, sinceMs), reference.outcome), []);
  assert.deepEqual(await problemsOfBookkeeping(chapter, database.address), []);
  assert.deepEqual(problemsOfSteps(readLog(log), reference.steps), []);
  project.remove();
  await empty.drop();
  await database.drop();
}
