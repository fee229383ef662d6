import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

type Answer = (req: IncomingMessage, res: ServerResponse) => void;

/** A vendor's web server on 127.0.0.1. */
export interface FeedServer {
  readonly url: string;
  readonly origin: string;
  /** The headers of every request so far. */
  readonly requests: IncomingMessage["headers"][];
  /** What it answers from now on; an object is sent as JSON. */
  answer(what: Answer | object | string): void;
  stop(): Promise<void>;
}

export async function startFeedServer(first: Answer | object | string = {}): Promise<FeedServer> {
  const requests: IncomingMessage["headers"][] = [];
  let answer = answering(first);
  const server = createServer((req, res) => {
    requests.push(req.headers);
    answer(req, res);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    url: `${origin}/releases.json`,
    requests,
    answer: (what) => (answer = answering(what)),
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function answering(what: Answer | object | string): Answer {
  if (typeof what === "function") return what as Answer;
  const body = typeof what === "string" ? what : JSON.stringify(what);
  return (_req, res) => void res.writeHead(200, { "Content-Type": "application/json" }).end(body);
}
