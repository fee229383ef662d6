import { request, type IncomingMessage, type ServerResponse } from "node:http";

/** A reverse proxy that serves a site below a prefix and strips it, as many hosting panels do. */
export function prefixProxy(prefix: string, target: string): (req: IncomingMessage, res: ServerResponse) => void {
  const { port } = new URL(target);
  return (req, res) => {
    const url = req.url ?? "/";
    if (url !== prefix && !url.startsWith(`${prefix}/`)) {
      res.writeHead(404).end("not below the prefix");
      return;
    }
    const headers = { ...req.headers, "x-forwarded-host": req.headers.host, host: `127.0.0.1:${port}` };
    const onward = request({ host: "127.0.0.1", port, method: req.method, path: url.slice(prefix.length) || "/", headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    onward.on("error", () => res.destroy());
    req.pipe(onward);
  };
}
