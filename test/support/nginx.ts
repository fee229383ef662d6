import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import os from "node:os";
import path from "node:path";
import { freePort } from "./mariadb.js";
import { until } from "./wait.js";

/** A real nginx before an application, with a cache. */
export interface Nginx {
  /** As of a server of this process. */
  address(): AddressInfo;
  /** Deletes what it has stored, as operators do who have no purge module. */
  purge(): void;
  /** The number of answers that it has stored. */
  stored(): number;
  stop(): Promise<void>;
}

/** `location`: lines of the location that passes everything on; `upstreams`: ports of 127.0.0.1, each with its parameters. */
export async function startNginx(upstreams: readonly string[], location: readonly string[]): Promise<Nginx> {
  const home = mkdtempSync(path.join(os.tmpdir(), "upgate-nginx-"));
  const cache = path.join(home, "cache");
  mkdirSync(cache);
  const port = await freePort();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `  ${name}_temp_path ${home}/${name};`);
  const config = path.join(home, "nginx.conf");
  writeFileSync(
    config,
    `daemon off;
master_process off;
pid ${home}/pid;
error_log stderr warn;
events {}
http {
${temporary.join("\n")}
  access_log off;
  proxy_cache_path ${cache} keys_zone=site:1m use_temp_path=off;
  upstream site {
${upstreams.map((server) => `    server 127.0.0.1:${server};`).join("\n")}
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://site;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      add_header X-Cache-Status $upstream_cache_status always;
${location.map((line) => `      ${line};`).join("\n")}
    }
  }
}
`,
  );
  const child = spawn("nginx", ["-p", home, "-e", "stderr", "-c", config], { stdio: ["ignore", "ignore", "pipe"] });
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
  const failure = new Promise<never>((_resolve, reject) => child.once("error", reject));
  failure.catch(() => undefined);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const listening = until("nginx to listen", () => {
    if (child.exitCode !== null) throw new Error(`nginx ended with exit code ${child.exitCode}:\n${complaints}`);
    return answers(port);
  });
  await Promise.race([listening, failure]);
  const files = (): string[] =>
    readdirSync(cache, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name));
  return {
    address: () => ({ port, address: "127.0.0.1", family: "IPv4" }),
    purge: () => files().forEach((file) => rmSync(file)),
    stored: () => files().length,
    stop: async () => {
      child.kill("SIGKILL");
      await ended;
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
