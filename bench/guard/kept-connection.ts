import { connect, type Socket } from "node:net";

const HEAD_END = Buffer.from("\r\n\r\n");

export interface Answer {
  readonly status: number;
  /** Status line and headers. */
  readonly head: string;
  readonly body: string;
}

/** The request as bytes; `accept`: as a browser sends it. */
export function requestOf(method: "GET" | "HEAD", port: number, accept: string): Buffer {
  return Buffer.from(`${method} / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: ${accept}\r\nConnection: keep-alive\r\n\r\n`);
}

/** A header of an answer; null: it has none of that name. */
export function headerOf({ head }: Answer, name: string): string | null {
  return new RegExp(`^${name}: *(.*)$`, "im").exec(head)?.[1]?.trim() ?? null;
}

interface Asked {
  readonly hasBody: boolean;
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/** One keep-alive connection to 127.0.0.1, one request at a time. Without an HTTP parser: thousands of them must cost little. */
export class KeptConnection {
  #socket: Socket | null = null;
  #asked: Asked | null = null;
  #received: Buffer | null = null;

  constructor(private readonly port: number) {}

  connect(): Promise<void> {
    const socket = this.#open();
    return new Promise((resolve, reject) => socket.once("connect", () => resolve()).once("error", reject));
  }

  /** Connects anew where the connection is gone. Rejects when it is lost before the answer is there. */
  ask(request: Buffer, hasBody: boolean): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#asked = { hasBody, resolve, reject };
      (this.#socket ?? this.#open()).write(request);
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  #open(): Socket {
    const socket = connect({ port: this.port, host: "127.0.0.1", noDelay: true });
    const lost = (error: Error): void => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#settle((asked) => asked.reject(error));
      socket.destroy();
    };
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("error", lost);
    socket.on("close", () => lost(new Error("the connection was closed")));
    socket.on("end", () => lost(new Error("the connection was ended")));
    return (this.#socket = socket);
  }

  #read(chunk: Buffer): void {
    const received = this.#received ? Buffer.concat([this.#received, chunk]) : chunk;
    this.#received = received;
    const end = received.indexOf(HEAD_END);
    if (end < 0 || !this.#asked) return;
    const head = received.toString("latin1", 0, end);
    const bodyAt = end + HEAD_END.length;
    const length = this.#asked.hasBody ? Number(/^content-length: *(\d+)/im.exec(head)?.[1]) : 0;
    if (Number.isNaN(length)) return void this.#socket?.destroy(new Error(`an answer without a length: ${head}`));
    if (received.length < bodyAt + length) return;
    this.#received = null;
    const status = Number(head.slice("HTTP/1.1 ".length, "HTTP/1.1 200".length));
    this.#settle((asked) => asked.resolve({ status, head, body: received.toString("latin1", bodyAt) }));
  }

  #settle(act: (asked: Asked) => void): void {
    const asked = this.#asked;
    this.#asked = null;
    this.#received = null;
    if (asked) act(asked);
  }
}
