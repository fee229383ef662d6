import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import mysql from "mysql2/promise";
import { startMariaDb } from "../support/mariadb.js";
import { isOpen, probe, release, RELEASES, startPodProcess, waitsFor } from "../support/pods.js";
import { install } from "../support/upgates.js";
import { until } from "../support/wait.js";

const mariadb = await startMariaDb();
after(() => mariadb.stop());

describe("a pod that is asked to end by SIGTERM", () => {
  it("lets nobody else in, finishes what it has let in, its database work too, and only then takes its row away", async (t) => {
    const admin = await mysql.createConnection(mariadb.url("mysql"));
    t.after(() => admin.end());
    await admin.query("CREATE DATABASE pod_end");
    const image = release(RELEASES.old, mariadb.url("pod_end"), waitsFor("nothing"));
    t.after(() => image.remove());
    await install(image.options, RELEASES.old);
    const pod = await startPodProcess(image);
    t.after(() => pod.signal("SIGKILL"));
    await isOpen(pod);
    const rows = async (): Promise<number> => {
      const [found] = await admin.query<mysql.RowDataPacket[]>("SELECT id FROM pod_end.upgate_node WHERE pid = ?", [pod.pid]);
      return found.length;
    };
    const report = await fetch(`http://127.0.0.1:${pod.port}/report`);
    pod.signal("SIGTERM");
    await until("it to let nobody in", async () => (await probe(pod.port, "/")) !== 200);
    assert.equal(await rows(), 1, "an upgrade that begins now has to wait for it");
    pod.signal("SIGUSR2");
    assert.equal(await report.text(), "begun\n2", "the number of rows that it has read");
    assert.equal(await pod.ended, 0, pod.output());
    assert.equal(await rows(), 0);
  });
});
