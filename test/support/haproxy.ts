import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { freePort } from "./mariadb.js";
import { probe } from "./pods.js";
import { until } from "./wait.js";

/** A real HAProxy. */
export interface HaProxy {
  /** As of a server of this process. */
  address(): AddressInfo;
  stop(): Promise<void>;
}

/** As docs/recipes.md has it: those that serve the application, and while there is none those that serve page and wizard. */
export async function startHaProxy(ports: readonly number[]): Promise<HaProxy> {
  const home = mkdtempSync(path.join(os.tmpdir(), "upgate-haproxy-"));
  const port = await freePort();
  const servers = ports.map((one) => `  server pod-${one} 127.0.0.1:${one} check`).join("\n");
  const config = path.join(home, "haproxy.cfg");
  writeFileSync(
    config,
    `defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  retries 3
  option redispatch
  default-server inter 200ms fall 2 rise 1

frontend site
  bind 127.0.0.1:${port}
  use_backend open if { nbsrv(open) gt 0 }
  default_backend closed

backend open
  option httpchk GET /healthz/open
${servers}

backend closed
  option httpchk GET /healthz/ready
${servers}
`,
  );
  const child = spawn("haproxy", ["-db", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const failure = new Promise<never>((_resolve, reject) => child.once("error", reject));
  failure.catch(() => undefined);
  const listening = until("HAProxy to listen", async () => {
    if (child.exitCode !== null) throw new Error(`HAProxy ended with exit code ${child.exitCode}:\n${complaints}`);
    return (await probe(port, "/healthz/live")) !== null;
  });
  await Promise.race([listening, failure]);
  return {
    address: () => ({ port, address: "127.0.0.1", family: "IPv4" }),
    stop: async () => {
      child.kill("SIGKILL");
      await ended;
      rmSync(home, { recursive: true, force: true });
    },
  };
}
