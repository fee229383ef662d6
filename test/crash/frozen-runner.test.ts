import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { startMariaDb } from "../support/mariadb.js";
import { chaptersOf } from "./chapter.js";
import { type Moments, setStage } from "./scene.js";
import { chooseNumbers, seededRandom } from "./seeded.js";

const POINTS = 6;

/** How many moments every run has at the least: commits of data go by the clock. */
function surelyCome(moments: Moments): number {
  return moments.filter(({ point }) => !point.endsWith("commit")).length;
}

const server = await startMariaDb();
after(() => server.stop());

describe("a runner that is frozen for longer than its lease lasts", () => {
  for (const chapter of chaptersOf("mysql").filter(({ version }) => ["1.1.0", "1.2.0", "1.4.0"].includes(version))) {
    it(`changes nothing once it wakes, another having carried out release ${chapter.version}`, async () => {
      const { moments, scene } = await setStage(server, chapter);
      for (const moment of chooseNumbers(surelyCome(moments), POINTS, seededRandom(11))) {
        const at = await scene();
        const where = `at moment ${moment}: ${JSON.stringify(moments[moment - 1])}`;
        try {
          const { runner, ended } = await at.haltedAt(moment);
          const taken = await at.carryOn();
          assert.equal(taken.kind === "ended" && taken.status, "completed", `${where}: ${JSON.stringify(taken)}`);
          assert.deepEqual(await at.problems(), [], where);
          runner.signal("SIGCONT");
          const woken = await ended;
          assert.equal(woken.kind === "ended" && woken.status, "interrupted", `${where}: ${JSON.stringify(woken)}`);
          assert.match(woken.kind === "ended" ? woken.lines.join("\n") : "", /lost the run/, where);
          assert.deepEqual(await at.problems(), [], `${where}, after it woke`);
        } finally {
          await at.close();
        }
      }
    });
  }
});
