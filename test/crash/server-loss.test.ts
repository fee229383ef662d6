import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { startMariaDb } from "../support/mariadb.js";
import { chaptersOf } from "./chapter.js";
import { setStage } from "./scene.js";
import { chooseNumbers, seededRandom } from "./seeded.js";

const POINTS = 6;

const server = await startMariaDb();
after(() => server.stop());

describe("a database server that is killed and started again in mid-run", () => {
  for (const chapter of chaptersOf("mysql").filter(({ version }) => ["1.0.0", "1.1.0", "1.4.0"].includes(version))) {
    it(`loses nothing of release ${chapter.version}`, async () => {
      const { moments, scene } = await setStage(server, chapter);
      for (const moment of chooseNumbers(moments.length, POINTS, seededRandom(7))) {
        const at = await scene();
        try {
          const { runner, ended } = await at.haltedAt(moment);
          await server.kill();
          await server.start();
          runner.signal("SIGCONT");
          const ending = await ended;
          assert.equal(ending.kind, "ended", JSON.stringify(ending));
          const goneOn = ending.kind === "ended" && ending.status === "completed" ? ending : await at.carryOn();
          assert.equal(goneOn.kind === "ended" && goneOn.status, "completed", JSON.stringify(goneOn));
          assert.deepEqual(await at.problems(), [], `at moment ${moment}: ${JSON.stringify(moments[moment - 1])}`);
        } finally {
          await at.close();
        }
      }
    });
  }
});
