import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import type { Knex } from "knex";
import type { Upgate, UpgateOptions } from "../../src/index.js";
import { createProject, SHOP_MIGRATIONS, type TestProject } from "./project.js";
import { install, withUpgate } from "./upgates.js";
import { until } from "./wait.js";

export interface HealthScene {
  /** Address of System Health, which is not behind the guard here. */
  readonly health: string;
  readonly upgate: Upgate & { readonly gatedKnex: Knex };
  readonly project: TestProject;
}

/** A site that went from 1.0.0 to 1.1.0, with System Health before its guard. */
export async function healthScene(
  address: string,
  more: Partial<UpgateOptions>,
  play: (scene: HealthScene) => Promise<void>,
): Promise<void> {
  const project = createProject(address, { migrations: SHOP_MIGRATIONS });
  const { configFile: _none, ...options } = { ...project.options, ...more };
  await install(project.options, "1.0.0");
  try {
    await withUpgate(options, async (upgate) => {
      const run = await upgate.upgrader.start({ where: "here", backup: { kind: "own", address: "127.0.0.1", session: "s" } });
      await run.finished;
      await until("the open gate", () => upgate.state().kind === "current");
      const app = express();
      app.use("/admin/system-health", upgate.health());
      const server = createServer(app);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      try {
        const { port } = server.address() as AddressInfo;
        await play({ health: `http://127.0.0.1:${port}/admin/system-health`, upgate, project });
      } finally {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    });
  } finally {
    project.remove();
  }
}

/** Another process of the application, on another machine, as the database knows it. */
export async function addNode(knex: Knex, host: string, version: string, seenAt = new Date().toISOString()): Promise<void> {
  const versions = { code_version: version, files_version: version };
  const times = { started_at: seenAt, seen_at: seenAt };
  await knex("upgate_node").insert({
    id: `node-${host}`,
    host,
    host_id: `machine-${host}`,
    pid: 811,
    started_ticks: null,
    ...versions,
    ...times,
    epoch: 0,
    in_flight: 3,
    beat: 1,
    protocol: 1,
  });
}
