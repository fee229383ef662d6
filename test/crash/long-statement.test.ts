import assert from "node:assert/strict";
import { after, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import mysql from "mysql2/promise";
import { startMariaDb } from "../support/mariadb.js";
import { until } from "../support/wait.js";
import { longChapter } from "./chapter.js";
import { setStage } from "./scene.js";

const server = await startMariaDb();
after(() => server.stop());

it("a long ALTER of a killed runner, still running in the server when another process resumes, is applied once", async () => {
  const { moments, scene } = await setStage(server, longChapter());
  const sent = moments.find(({ point, statement }) => point === "sent" && /ADD COLUMN checksum/.test(statement));
  assert.ok(sent, "the ALTER has a moment at which it is on its way");
  const admin = await mysql.createConnection(server.url("mysql"));
  const isRunning = async (): Promise<boolean> => {
    const [rows] = await admin.query(
      "SELECT id FROM information_schema.processlist WHERE info LIKE '%ADD COLUMN checksum%' AND id <> connection_id()",
    );
    return (rows as unknown[]).length > 0;
  };
  for (const runsForMs of [0, 200, 800]) {
    const at = await scene();
    try {
      const { runner, ended } = await at.haltedAt(sent.moment);
      runner.signal("SIGCONT");
      await until("the ALTER to run", isRunning);
      await pause(runsForMs);
      runner.signal("SIGKILL");
      await ended;
      assert.ok(await isRunning(), "it goes on in the server without its client");
      const taken = await at.carryOn();
      assert.equal(taken.kind === "ended" && taken.status, "completed", JSON.stringify(taken));
      assert.deepEqual(await at.problems(), [], `killed after ${runsForMs} ms`);
    } finally {
      await at.close();
    }
  }
  await admin.end();
});
