import assert from "node:assert/strict";
import type { Server } from "node:http";
import { after, describe, it, type TestContext } from "node:test";
import mysql from "mysql2/promise";
import { startCli } from "../support/cli.js";
import { startHaProxy } from "../support/haproxy.js";
import { startMariaDb } from "../support/mariadb.js";
import { startNginx } from "../support/nginx.js";
import { isOpen, type PodProcess, probe, release, RELEASES, startPodProcess, waitsFor } from "../support/pods.js";
import { hostApplication, listening } from "../support/hosting.js";
import { createProject, SHOP_MIGRATIONS, type TestProject } from "../support/project.js";
import { install, withUpgate } from "../support/upgates.js";
import { startVisitors } from "../support/visitors.js";
import { until } from "../support/wait.js";
import { request } from "../unit/support/request.js";

const mariadb = await startMariaDb();
after(() => mariadb.stop());

const OLD = `release ${RELEASES.old}`;
const NEW = `release ${RELEASES.new}`;

type Balancer = Pick<Server, "address"> & { stop(): Promise<void> };

const BALANCERS: Readonly<Record<string, (ports: readonly number[]) => Promise<Balancer>>> = {
  HAProxy: startHaProxy,
  nginx: (ports) =>
    startNginx(
      ports.map((port) => `${port} max_fails=0`),
      ["proxy_next_upstream error timeout http_503"],
    ),
};

for (const [name, start] of Object.entries(BALANCERS))
  describe(`behind ${name}, which prefers processes that are open`, () => {
    it("visitors meet one release at a time, and the page where no process is open", (t) => preferring(t, start, name.toLowerCase()));
  });

describe("behind an nginx that tries the next server and counts failures", () => {
  it("visitors would meet its own error where no process is open", async (t) => {
    const project = createProject("sqlite:./app.db", { migrations: SHOP_MIGRATIONS });
    t.after(() => project.remove());
    await withUpgate(project.options, (upgate) =>
      listening(hostApplication(upgate), async (_address, server) => {
        const { port } = server.address() as { port: number };
        const nginx = await startNginx([`${port}`, `${port}`], ["proxy_next_upstream error timeout http_503"]);
        try {
          await until("its own error", async () => (await request(nginx, "/")).status === 502);
        } finally {
          await nginx.stop();
        }
      }),
    );
  });
});

async function preferring(t: TestContext, start: (ports: readonly number[]) => Promise<Balancer>, name: string): Promise<void> {
  const admin = await mysql.createConnection(mariadb.url("mysql"));
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.query("SELECT GET_LOCK(?, 0)", [name]);
  const images = {
    old: release(RELEASES.old, mariadb.url(name), waitsFor(name)),
    new: release(RELEASES.new, mariadb.url(name), waitsFor(name)),
  };
  await install(images.old.options, RELEASES.old);
  const pair = (image: TestProject): Promise<PodProcess[]> => Promise.all([startPodProcess(image), startPodProcess(image)]);
  const [old, fresh] = await Promise.all([pair(images.old), pair(images.new)]);
  const all = [...old, ...fresh];
  t.after(async () => {
    for (const pod of all) pod.signal("SIGKILL");
    await admin.end();
    images.old.remove();
    images.new.remove();
  });
  await Promise.all(old.map(isOpen));
  for (const { port } of fresh) await until("new processes to be ready", async () => (await probe(port, "/healthz/ready")) === 200, 60_000);
  const balancer = await start(all.map(({ port }) => port));
  const visitors = startVisitors(balancer);
  t.after(async () => {
    await visitors.stop();
    await balancer.stop();
  });
  /** A balancer that asks probes needs a moment to hear of it. */
  const only = (what: string): Promise<unknown> =>
    until(`nothing but ${what}`, async () => {
      await visitors.anew();
      return visitors.seen.join() === what;
    });
  await only(OLD);
  const job = startCli(["up", "--yes"], { cwd: images.new.folder });
  await only("Err3");
  await admin.query("SELECT RELEASE_LOCK(?)", [name]);
  assert.equal((await job.ended).code, 0, job.output().stderr);
  await Promise.all(fresh.map(isOpen));
  await only(NEW);
  assert.deepEqual(await Promise.all(old.map(({ port }) => probe(port, "/healthz/ready"))), [200, 200], "the old ones are there still");
  for (const pod of old) {
    pod.signal("SIGTERM");
    assert.equal(await pod.ended, 0);
  }
  await visitors.anew();
  assert.deepEqual(visitors.seen, [NEW]);
  assert.deepEqual(
    [...visitors.ever].filter((answer) => ![OLD, NEW, "Err2", "Err3"].includes(answer)),
    [],
  );
}
