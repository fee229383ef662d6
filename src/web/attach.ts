import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Gate } from "../upgrade/watcher.js";
import type { InFlight } from "./in-flight.js";

const REFUSAL =
  "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 10\r\nCache-Control: no-store\r\nX-Accel-Expires: 0\r\nContent-Length: 0\r\n\r\n";

/**
 * Keeps WebSocket upgrades out while the gate is closed, and counts those that it lets in: they come as an event of the server, past every middleware. The
 * server's `emit` is wrapped, because libraries of sockets add their listeners whenever they like.
 */
export function attachGate(server: Server, gate: Gate, inFlight: InFlight): void {
  const emit = server.emit.bind(server) as (event: string, ...args: unknown[]) => boolean;
  server.emit = function gatedEmit(event: string, ...args: unknown[]): boolean {
    if (event !== "upgrade") return emit(event, ...args);
    const [req, socket] = args as [IncomingMessage, Duplex];
    if (gate.openUntilMs > performance.now()) {
      inFlight.enterSocket(req, socket);
      return emit(event, ...args);
    }
    socket.end(REFUSAL);
    return true;
  } as Server["emit"];
}
