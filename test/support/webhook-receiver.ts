import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Notification } from "../../src/index.js";

export interface ReceivedHook {
  readonly notification: Notification;
  readonly signed: boolean;
  readonly event: string | undefined;
}

export interface WebhookReceiver {
  readonly url: string;
  readonly hooks: ReceivedHook[];
  /** Requests, the refused ones too. */
  readonly requests: () => number;
  /** So many are answered with 503 before one is taken. */
  refuse(times: number): void;
  stop(): Promise<void>;
}

/** Takes messages on 127.0.0.1 and checks them as docs/configuration.md says. */
export async function startWebhookReceiver(secret: string): Promise<WebhookReceiver> {
  const hooks: ReceivedHook[] = [];
  let requests = 0;
  let refusals = 0;
  const server = createServer((req, res) => {
    let body = "";
    req.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    req.on("end", () => {
      requests++;
      if (refusals-- > 0) {
        res.writeHead(503).end();
        return;
      }
      const event = req.headers["upgate-event"] as string | undefined;
      hooks.push({
        notification: JSON.parse(body) as Notification,
        signed: isGenuine(body, req.headers["upgate-signature"], secret),
        event,
      });
      res.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/tenant-4711-token`,
    hooks,
    requests: () => requests,
    refuse: (times) => (refusals = times),
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function isGenuine(body: string, header: string | string[] | undefined, secret: string): boolean {
  const [, t = "", v1 = ""] = /^t=(\d+),v1=([\da-f]+)$/.exec(String(header)) ?? [];
  const expected = createHmac("sha256", secret).update(`${t}.${body}`).digest();
  const given = Buffer.from(v1, "hex");
  return given.length === expected.length && timingSafeEqual(given, expected) && Math.abs(Date.now() / 1000 - Number(t)) < 300;
}
