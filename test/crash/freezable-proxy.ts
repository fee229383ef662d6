import { connect, createServer, type Socket } from "node:net";

/** A way to a server that can be frozen: connections stay open, and nothing passes. */
export interface FreezableProxy {
  readonly port: number;
  freeze(): void;
  /** What was held back arrives. */
  thaw(): void;
  close(): void;
}

export async function startFreezableProxy(target: number): Promise<FreezableProxy> {
  const sockets = new Set<Socket>();
  let frozen = false;
  const join = (from: Socket, to: Socket): void => {
    sockets.add(from);
    from.on("data", (chunk) => to.write(chunk));
    from.on("close", () => {
      sockets.delete(from);
      to.destroy();
    });
    from.on("error", () => undefined);
    if (frozen) from.pause();
  };
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    join(client, upstream);
    join(upstream, client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    freeze: () => {
      frozen = true;
      for (const socket of sockets) socket.pause();
    },
    thaw: () => {
      frozen = false;
      for (const socket of sockets) socket.resume();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
