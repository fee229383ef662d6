import { connect, type Socket } from "node:net";

/** A slice that is not over this long after its end is an error. */
const GRACE_MS = 5000;
const HEAD_END = Buffer.from("\r\n\r\n");
const CONTENT_LENGTH = Buffer.from("Content-Length: ");

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  /** Any other status of an answer is an error. */
  readonly status: number;
}

export interface LoadResult {
  readonly responses: number;
  /** From the first request to the last answer. */
  readonly elapsedMs: number;
}

/**
 * Keep-alive connections, each with one request under way, written and read without an HTTP parser: the load must cost less
 * than the server's own work, or it would be measured instead. The connections stay from slice to slice.
 */
export class LoadClient {
  readonly #connections: Connection[] = [];
  #responses = 0;
  #busy = 0;
  #deadlineMs = 0;
  #finish: () => void = () => undefined;
  #fail: (error: Error) => void = () => undefined;

  static async connect({ port, connections, status }: LoadOptions): Promise<LoadClient> {
    const client = new LoadClient();
    const request = Buffer.from(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/html\r\nConnection: keep-alive\r\n\r\n`);
    for (let index = 0; index < connections; index += 1) {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true });
      await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
      client.#connections.push(new Connection(socket, request, status, client.#answered, (error) => client.#fail(error)));
    }
    return client;
  }

  load(durationMs: number): Promise<LoadResult> {
    this.#responses = 0;
    this.#busy = this.#connections.length;
    const startMs = performance.now();
    this.#deadlineMs = startMs + durationMs;
    return new Promise<LoadResult>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("a server of the benchmark stopped answering requests")), durationMs + GRACE_MS);
      this.#finish = () => {
        clearTimeout(timer);
        resolve({ responses: this.#responses, elapsedMs: performance.now() - startMs });
      };
      this.#fail = (error) => {
        clearTimeout(timer);
        reject(error);
      };
      for (const connection of this.#connections) connection.send();
    });
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  readonly #answered = (connection: Connection): void => {
    this.#responses += 1;
    if (performance.now() < this.#deadlineMs) connection.send();
    else if ((this.#busy -= 1) === 0) this.#finish();
  };
}

class Connection {
  #head: Buffer | null = null;
  /** Bytes of the body still to come. */
  #missing = 0;
  readonly #statusLine: Buffer;

  constructor(
    private readonly socket: Socket,
    private readonly request: Buffer,
    status: number,
    private readonly answered: (connection: Connection) => void,
    private readonly failed: (error: Error) => void,
  ) {
    this.#statusLine = Buffer.from(`HTTP/1.1 ${status} `);
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("error", failed);
    socket.on("end", () => failed(new Error("a server of the benchmark closed a connection")));
  }

  send(): void {
    this.socket.write(this.request);
  }

  close(): void {
    this.socket.removeAllListeners("end").destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#missing > 0) this.#missing -= chunk.length;
    else {
      const answer = this.#head ? Buffer.concat([this.#head, chunk]) : chunk;
      const end = answer.indexOf(HEAD_END);
      this.#head = end < 0 ? answer : null;
      if (end < 0) return;
      const field = answer.indexOf(CONTENT_LENGTH);
      if (field < 0 || field > end || answer.compare(this.#statusLine, 0, this.#statusLine.length, 0, this.#statusLine.length) !== 0)
        return this.failed(new Error(`an unexpected answer: ${answer.toString("latin1", 0, end)}`));
      const length = Number.parseInt(answer.toString("latin1", field + CONTENT_LENGTH.length, field + CONTENT_LENGTH.length + 10), 10);
      this.#missing = end + HEAD_END.length + length - answer.length;
    }
    if (this.#missing === 0) this.answered(this);
    else if (this.#missing < 0) this.failed(new Error("an answer is longer than it said"));
  }
}
