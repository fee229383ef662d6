import assert from "node:assert/strict";
import { test } from "node:test";
import { inheritedArguments } from "../../src/upgrade/launcher.js";

test("a runner inherits Node's loaders and environment files, and nothing that would make it something else", () => {
  const table: [given: string, inherited: string][] = [
    ["--import tsx", "--import tsx"],
    ["-r ts-node/register --enable-source-maps", "-r ts-node/register --enable-source-maps"],
    ["--env-file=.env --max-old-space-size=200", "--env-file=.env --max-old-space-size=200"],
    ["--inspect-brk=9229 --import tsx", "--import tsx"],
    ["--test --test-reporter spec --import tsx", "--import tsx"],
    ["--test-reporter=spec --import tsx", "--import tsx"],
    ["--import tsx -e console.log(1)", "--import tsx"],
    ["-p 1", ""],
    ["--watch --watch-path ./src --import tsx", "--import tsx"],
  ];
  for (const [given, inherited] of table) assert.equal(inheritedArguments(given.split(" ")).join(" "), inherited, given);
});
