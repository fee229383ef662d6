import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { defaultExport } from "../core/default-export.js";
import { messageOf, UpgateError } from "../core/errors.js";
import type { Logger } from "../core/ports.js";
import type { GuardOptions } from "./guard.js";
import { type Handler, isBelow, type MountedRequest, pathOf } from "./http.js";

/** An Express application, or any function for node:http; also as the `default` of a module. */
export type HostApplication = (req: IncomingMessage, res: ServerResponse) => unknown;

export interface ServeOptions extends GuardOptions {
  /** Default: the environment's `PORT`, else 3000. 0: any free port. */
  readonly port?: number;
  /** Default: all addresses, as node:http has it. */
  readonly host?: string;
}

export type LoadApplication = (parts: {
  readonly server: Server;
}) => Promise<HostApplication | { readonly default: HostApplication }> | HostApplication;

/** So long a connection that was open at `close` may take to bring its first request: a balancer has sent it, a loaded machine has not read it yet, ms. */
const SILENT_GRACE_MS = 500;

interface HostingParts {
  readonly guard: (options: GuardOptions) => Handler;
  readonly installer: Handler;
  readonly installPath: string;
  readonly basePath: string;
  readonly logger: Logger;
  readonly attach: (server: Server) => void;
}

/**
 * Serves the gate and the wizard at once, and the application once the gate has opened: until then nothing of it is loaded,
 * so that a boot which reads what only the upgrade will create can't keep anybody from upgrading.
 */
export class Hosting {
  #server: Server | undefined;
  #listening: Promise<void> | undefined;
  #application: HostApplication | null = null;
  #loading: Promise<HostApplication> | null = null;
  /** Connections without a request so far: browsers open some in advance. node:http counts them as busy, and would wait for them for ever. */
  readonly #silent = new Set<Socket>();

  constructor(private readonly parts: HostingParts) {}

  /** True also where the host mounts guard and installer itself. */
  get isApplicationLoaded(): boolean {
    return this.#server === undefined || this.#application !== null;
  }

  async listen(load: LoadApplication, { port = Number(process.env["PORT"] ?? 3000), host, ...rest }: ServeOptions): Promise<Server> {
    const guard = this.parts.guard(rest);
    const server = createServer((req, res) => this.#handle(guard, load, req, res));
    this.#server = server;
    server.on("connection", (socket) => {
      this.#silent.add(socket);
      socket.once("close", () => this.#silent.delete(socket));
    });
    server.on("request", ({ socket }) => this.#silent.delete(socket));
    this.parts.attach(server);
    this.#listening = new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, () => {
        server.off("error", reject);
        resolve();
      });
    });
    await this.#listening;
    return server;
  }

  /** Called whenever the gate is seen open: loads the application the first time. */
  open(load: LoadApplication): void {
    void this.#load(load).catch((cause: unknown) => {
      const error = new UpgateError("ERR_UPGATE_APPLICATION_START", `The application did not start: ${messageOf(cause)}`, { cause });
      // As without upgate: an application that can't boot ends its process, and the process manager tries again.
      setImmediate(() => {
        throw error;
      });
    });
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    // One that is told to close while it binds its port would bind it afterwards.
    await this.#listening?.catch(() => undefined);
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    // What has come in by now is still heard.
    setImmediate(() => this.closeIdle());
    await closed;
  }

  /** Connections whose last answer was under way at `close` would stay until their clients let go of them. */
  closeIdle(): void {
    this.#server?.closeIdleConnections();
    // A request may be on its way already: whoever has sent one must not find the connection cut.
    setTimeout(() => this.#closeSilent(), SILENT_GRACE_MS).unref();
  }

  /** One that was upgraded is the application's; no listener tells of it, for one would claim the upgrades of an application that has none. */
  #closeSilent(): void {
    for (const socket of this.#silent) if (socket.bytesWritten === 0) socket.destroy();
  }

  #handle(guard: Handler, load: LoadApplication, req: MountedRequest, res: ServerResponse): void {
    const { installer, installPath, basePath } = this.parts;
    const toApplication = (error?: unknown): void => {
      if (error) return this.#crashed(res, error);
      if (this.#application) this.#application(req, res);
      else
        this.#load(load).then(
          (application) => application(req, res),
          (cause: unknown) => this.#crashed(res, cause),
        );
    };
    guard(req, res, (error) => {
      const url = req.url ?? "/";
      const mount = [installPath, basePath + installPath].find((path) => isBelow(pathOf(url), path));
      if (error || mount === undefined) return toApplication(error);
      req.originalUrl = url;
      req.url = url.slice(mount.length).replace(/^(?!\/)/, "/");
      installer(req, res, (installerError) => {
        req.url = url;
        toApplication(installerError);
      });
    });
  }

  #load(load: LoadApplication): Promise<HostApplication> {
    this.#loading ??= (async () => {
      const loaded = await load({ server: this.#server as Server });
      const application = typeof loaded === "function" ? loaded : defaultExport(loaded);
      if (typeof application !== "function")
        throw new TypeError("the module's default export is no function (req, res); an Express application is one");
      return (this.#application = application as HostApplication);
    })();
    return this.#loading;
  }

  #crashed(res: ServerResponse, error: unknown): void {
    this.parts.logger.error(`upgate: the application can't answer: ${messageOf(error)}`, error);
    if (!res.headersSent) res.writeHead(500, { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" });
    res.end("Internal Server Error\n");
  }
}
