import assert from "node:assert/strict";
import { after, describe, it, type TestContext } from "node:test";
import mysql from "mysql2/promise";
import type { UpgateOptions } from "../../src/index.js";
import { startCli } from "../support/cli.js";
import { PageClient } from "../support/hosting.js";
import { Kubelet, outlive, type Pod } from "../support/kubelet.js";
import { startMariaDb } from "../support/mariadb.js";
import { isOpen, release, RELEASES, waitsFor } from "../support/pods.js";
import type { TestProject } from "../support/project.js";
import { install } from "../support/upgates.js";
import { startVisitors, type Visitors } from "../support/visitors.js";
import { until } from "../support/wait.js";

const mariadb = await startMariaDb();
after(() => mariadb.stop());
let databases = 0;

interface Cluster {
  readonly kubelet: Kubelet;
  readonly images: { readonly old: TestProject; readonly new: TestProject };
  readonly old: readonly Pod[];
  readonly visitors: Visitors;
  /** Resolves when the migration waits for `finish` in the server. */
  migrating(): Promise<void>;
  finish(): Promise<void>;
  /** The nodes' rows of a process. */
  rows(pid: number): Promise<number>;
}

/** Two pods of the old release behind a Service, visitors, and a migration that takes as long as the test likes. */
async function cluster(
  t: TestContext,
  { readiness = "/healthz/ready", more = {} }: { readiness?: string; more?: Partial<UpgateOptions> } = {},
): Promise<Cluster> {
  const name = `rollout_${++databases}`;
  const admin = await mysql.createConnection(mariadb.url("mysql"));
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.query("SELECT GET_LOCK(?, 0)", [name]);
  const images = {
    old: release(RELEASES.old, mariadb.url(name), waitsFor(name), more),
    new: release(RELEASES.new, mariadb.url(name), waitsFor(name), more),
  };
  await install({ ...images.old.options, mode: "wizard" }, RELEASES.old);
  const kubelet = new Kubelet(readiness);
  const old = await Promise.all(["old-1", "old-2"].map((pod) => kubelet.start(pod, images.old)));
  await Promise.all(old.map(({ process }) => isOpen(process)));
  await ready(old);
  const service = await kubelet.service();
  const visitors = startVisitors(service);
  t.after(async () => {
    await admin.query("SELECT RELEASE_ALL_LOCKS()");
    await visitors.stop();
    await kubelet.close();
    service.closeAllConnections();
    service.close();
    await admin.end();
    images.old.remove();
    images.new.remove();
  });
  const count = async (sql: string, values: unknown[]): Promise<number> => {
    const [rows] = await admin.query<mysql.RowDataPacket[]>(sql, values);
    return rows.length;
  };
  return {
    kubelet,
    images,
    old,
    visitors,
    migrating: async () => {
      const sql = "SELECT 1 FROM information_schema.processlist WHERE db = ? AND state = 'User lock'";
      await until("the long migration", async () => (await count(sql, [name])) > 0, 60_000);
    },
    finish: async () => void (await admin.query("SELECT RELEASE_LOCK(?)", [name])),
    rows: (pid) => count(`SELECT 1 FROM ${name}.upgate_node WHERE pid = ?`, [pid]),
  };
}

async function ready(pods: readonly Pod[]): Promise<void> {
  await until(`${pods.map(({ name }) => name).join()} to be ready`, () => pods.every(({ isReady }) => isReady), 60_000);
}

async function pageOf({ process }: Pod): Promise<string | null> {
  return (await fetch(`http://127.0.0.1:${process.port}/`)).headers.get("upgate-maintenance");
}

const startNew = ({ kubelet, images }: Cluster): Promise<Pod[]> =>
  Promise.all(["new-1", "new-2"].map((pod) => kubelet.start(pod, images.new)));

const OLD = `release ${RELEASES.old}`;
const NEW = `release ${RELEASES.new}`;

/** As a Deployment does it that may have no pod fewer: the new ones are ready, so the old ones end. */
async function endOld({ kubelet, old, rows }: Cluster): Promise<void> {
  for (const pod of old) {
    assert.equal(await kubelet.end(pod), 0, pod.process.output());
    assert.equal(await rows(pod.process.pid), 0, "no upgrade waits for it");
  }
}

/** From the first visitor to the last: neither the balancer's own answer nor none. */
function assertServed({ visitors, kubelet }: Cluster): void {
  assert.deepEqual(
    [...visitors.ever].filter((answer) => ![OLD, NEW, "Err2", "Err3"].includes(answer)),
    [],
  );
  assert.ok(visitors.ever.has(OLD) && visitors.ever.has(NEW));
  assert.deepEqual(kubelet.killed, []);
}

describe("a rollout of a release with a long migration", () => {
  it("with a Job: no pod is killed, new ones are ready behind the closed gate, and visitors meet the application or the page", async (t) => {
    const site = await cluster(t);
    const job = startCli(["up", "--yes"], { cwd: site.images.new.folder });
    await site.migrating();
    const fresh = await startNew(site);
    await ready(fresh);
    await site.visitors.anew();
    await outlive([...site.old, ...fresh]);
    const wizard = await new PageClient(`http://127.0.0.1:${fresh[0]?.process.port}`).get("/install");
    assert.deepEqual([wizard.status, wizard.heading], [200, "Install Key"]);
    await endOld(site);
    assert.deepEqual([...new Set(site.visitors.seen)], ["Err3"], "while the migration goes on");
    await site.finish();
    assert.equal((await job.ended).code, 0, job.output().stderr);
    await Promise.all(fresh.map(({ process }) => isOpen(process)));
    assert.ok(!site.visitors.seen.includes(OLD));
    await site.visitors.anew();
    assert.deepEqual(site.visitors.seen, [NEW]);
    assertServed(site);
  });

  it('with mode: "auto": one of the new pods upgrades, the others wait behind the page, and the old ones stay closed', async (t) => {
    const site = await cluster(t, { more: { mode: "auto", backup: "none" } });
    const fresh = await startNew(site);
    await site.migrating();
    await ready(fresh);
    await site.visitors.anew();
    await outlive([...site.old, ...fresh]);
    assert.deepEqual([...new Set(site.visitors.seen)], ["Err3"]);
    await site.finish();
    await Promise.all(fresh.map(({ process }) => isOpen(process)));
    await until(
      "visitors to meet old pods, which are ready as well",
      () => site.visitors.seen.includes(NEW) && site.visitors.seen.includes("Err2"),
    );
    assert.ok(!site.visitors.seen.includes(OLD));
    await endOld(site);
    await site.visitors.anew();
    assert.deepEqual(site.visitors.seen, [NEW]);
    assertServed(site);
  });

  it("with readiness taken from `open`, visitors would meet the balancer's own answer", async (t) => {
    const site = await cluster(t, { readiness: "/healthz/open" });
    await until("visitors to meet the application", () => site.visitors.seen.includes(OLD));
    const job = startCli(["up", "--yes"], { cwd: site.images.new.folder });
    await site.migrating();
    await until("nothing to be ready", () => site.visitors.seen.includes("503 balancer: no backend"));
    await site.finish();
    await job.ended;
  });

  it("on SQLite, whose driver blocks the upgrade's process, the pod's goes on answering", async (t) => {
    const blocking = `import { existsSync } from "node:fs";
export const up = async (knex) => {
  await knex("products").insert({ name: "in the transaction" });
  while (!existsSync(new URL("../../finish", import.meta.url))) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
};`;
    const image = release(RELEASES.new, "sqlite:./app.db", blocking, { mode: "auto", backup: "none" });
    const { configFile: _none, ...here } = image.options;
    await install({ ...here, mode: "wizard" }, RELEASES.old);
    const kubelet = new Kubelet("/healthz/ready");
    t.after(async () => {
      image.write("finish", "");
      await kubelet.close();
      image.remove();
    });
    const pod = await kubelet.start("the only one", image);
    await ready([pod]);
    await until("the upgrade's process to be in the migration", async () => (await pageOf(pod)) === "Err3");
    await outlive([pod]);
    assert.equal(await pageOf(pod), "Err3");
    image.write("finish", "");
    await isOpen(pod.process);
    assert.deepEqual(kubelet.killed, []);
  });

  it("a pod that hangs is killed and comes again", async (t) => {
    const site = await cluster(t);
    const [hanging] = site.old as [Pod, Pod];
    const hung = hanging.process;
    hung.signal("SIGSTOP");
    await until("another process in its place", () => hanging.process !== hung, 60_000);
    await ready([hanging]);
    await isOpen(hanging.process);
    assert.deepEqual(site.kubelet.killed, ["old-1"]);
  });
});
