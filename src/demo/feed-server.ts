import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const DOCUMENT = new URL("../../demo/releases.json", import.meta.url);

/** What a vendor's web server does: one static document. Resolves with its address on the loopback; keeps no process alive. */
export async function serveFeed(): Promise<string> {
  const server = createServer((_req, res) => {
    res.writeHead(200, { "Content-Type": "application/json" }).end(readFileSync(DOCUMENT));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/releases.json`;
}
