import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { startMariaDb } from "../support/mariadb.js";
import { chaptersOf } from "./chapter.js";
import { startFreezableProxy } from "./freezable-proxy.js";
import { setStage } from "./scene.js";
import { chooseNumbers, seededRandom } from "./seeded.js";

const POINTS = 4;

const server = await startMariaDb();
after(() => server.stop());

describe("a runner whose way to the database is frozen", () => {
  for (const chapter of chaptersOf("mysql").filter(({ version }) => ["1.1.0", "1.2.0"].includes(version))) {
    it(`loses the run to another process, and what it had sent late changes nothing in release ${chapter.version}`, async () => {
      const { moments, scene } = await setStage(server, chapter);
      for (const moment of chooseNumbers(moments.length, POINTS, seededRandom(13))) {
        const at = await scene();
        const where = `at moment ${moment}: ${JSON.stringify(moments[moment - 1])}`;
        const proxy = await startFreezableProxy(Number(new URL(at.address).port));
        try {
          const way = new URL(at.address);
          way.port = String(proxy.port);
          const { runner, ended } = await at.haltedAt(moment, way.href);
          proxy.freeze();
          runner.signal("SIGCONT");
          const taken = await at.carryOn();
          assert.equal(taken.kind === "ended" && taken.status, "completed", `${where}: ${JSON.stringify(taken)}`);
          proxy.thaw();
          const thawed = await ended;
          assert.equal(thawed.kind === "ended" && thawed.status, "interrupted", `${where}: ${JSON.stringify(thawed)}`);
          assert.deepEqual(await at.problems(), [], where);
        } finally {
          proxy.close();
          await at.close();
        }
      }
    });
  }
});
