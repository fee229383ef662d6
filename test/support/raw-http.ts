import { connect } from "node:net";

export interface RawRequest {
  readonly method: string;
  /** As it goes over the wire: nothing is encoded. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

export interface RawAnswer {
  /** Null: the connection was ended without an answer. */
  readonly status: number | null;
  readonly head: string;
  readonly body: string;
}

/** Nobody waits longer for an answer: it hangs. */
const LIMIT_MS = 20_000;

/** Sends a request as it is, byte for byte, on a connection of its own, and reads to its end. */
export function sendRaw(port: number, { method, target, headers, body }: RawRequest): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    const chunks: Buffer[] = [];
    socket.setTimeout(LIMIT_MS, () => {
      reject(new Error(`No answer for ${LIMIT_MS} ms: ${method} ${target}`));
      socket.destroy();
    });
    socket.on("data", (chunk: Buffer) => void chunks.push(chunk));
    // A refused body is cut off while it is still being sent.
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(parse(Buffer.concat(chunks))));
    const lines = [`${method} ${target} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`), "Connection: close"];
    socket.write(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"));
    socket.end(body);
  });
}

function parse(bytes: Buffer): RawAnswer {
  const text = bytes.toString("latin1");
  const end = text.indexOf("\r\n\r\n");
  const head = end < 0 ? text : text.slice(0, end);
  const status = /^HTTP\/1\.1 (\d{3})/.exec(head)?.[1];
  return { status: status === undefined ? null : Number(status), head, body: end < 0 ? "" : text.slice(end + 4) };
}
