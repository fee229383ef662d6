import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import type { Upgate } from "../../src/index.js";

/** A plain Express application with guard and installer mounted by hand. */
export function hostApplication(upgate: Upgate, mount = ""): express.Express {
  const inner = express();
  inner.use(upgate.guard());
  inner.use("/install", upgate.installer());
  inner.use("/admin/system-health", upgate.health());
  inner.get("/admin", async (_req, res) => {
    const { html } = await upgate.badge();
    res.send(`<!doctype html><title>Admin</title><h1>Admin</h1><aside>${html}</aside>`);
  });
  inner.get("/", (_req, res) => {
    res.send("<!doctype html><title>Shop</title><h1>The shop is open</h1>");
  });
  if (mount === "") return inner;
  const outer = express();
  outer.use(mount, inner);
  return outer;
}

/** Serves on a free port of 127.0.0.1 while `use` runs. */
export async function listening<T>(
  app: Parameters<typeof createServer>[1],
  use: (address: string, server: Server) => Promise<T>,
): Promise<T> {
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, server);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

export interface PageAnswer {
  readonly status: number;
  readonly location: string | null;
  readonly heading: string;
  readonly text: string;
  readonly csrf: string;
  readonly headers: Headers;
}

/** A browser without JavaScript: keeps the cookie, takes the form's token along, follows nothing. */
export class PageClient {
  cookie = "";
  csrf = "";

  constructor(readonly base: string) {}

  get(path: string, headers: Record<string, string> = {}): Promise<PageAnswer> {
    return this.#send("GET", path, undefined, headers);
  }

  /** Adds the last page's token, unless the fields bring their own. */
  post(path: string, fields: Record<string, string> = {}, headers: Record<string, string> = {}): Promise<PageAnswer> {
    return this.#send("POST", path, new URLSearchParams({ _csrf: this.csrf, ...fields }), headers);
  }

  async signIn(key: string): Promise<void> {
    this.cookie = "";
    await this.get("/install");
    const { status } = await this.post("/install/key", { key });
    if (status !== 303) throw new Error(`The key was not accepted: ${status}`);
  }

  async #send(method: string, path: string, body: URLSearchParams | undefined, headers: Record<string, string>): Promise<PageAnswer> {
    const response = await fetch(this.base + path, {
      method,
      redirect: "manual",
      headers: { accept: "text/html", ...(this.cookie ? { cookie: this.cookie } : {}), ...headers },
      ...(body ? { body } : {}),
    });
    const set = response.headers.get("set-cookie");
    if (set) this.cookie = set.split(";")[0] ?? "";
    const text = await response.text();
    const csrf = /name="_csrf" value="([^"]*)"/.exec(text)?.[1] ?? "";
    if (csrf) this.csrf = csrf;
    const heading = /<h1[^>]*>([\s\S]*?)<\/h1>/.exec(text)?.[1]?.trim() ?? "";
    return { status: response.status, location: response.headers.get("location"), heading, text, csrf, headers: response.headers };
  }
}
