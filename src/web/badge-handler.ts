import type { IncomingMessage, ServerResponse } from "node:http";
import accepts from "accepts";
import type { Badge } from "./badge.js";
import type { Handler } from "./http.js";
import { forgetCaching, NO_STORE } from "./no-store.js";
import type { Texts, Wording } from "./texts/texts.js";

/**
 * The badge for a page that fetches it: JSON, or for those who like HTML better the ready piece of it; in the language of `?lang=`, else of the
 * browser. GET and HEAD; the host guards it: it tells versions.
 */
export function createBadgeHandler(texts: Texts, read: (wording: Wording) => Promise<Badge>): Handler {
  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const wording = texts.in(texts.choice.asked(req) ?? texts.choice.wished(req));
    const { html, partial: _partial, ...model } = await read(wording);
    const isHtml = accepts(req).type(["application/json", "text/html"]) === "text/html";
    const body = isHtml ? html : JSON.stringify(model);
    forgetCaching(res);
    res.writeHead(200, {
      ...NO_STORE,
      Vary: "Accept, Accept-Language",
      "Content-Language": wording.lang,
      "Content-Type": isHtml ? "text/html; charset=utf-8" : "application/json; charset=utf-8",
      "Content-Length": Buffer.byteLength(body),
      "X-Content-Type-Options": "nosniff",
    });
    res.end(req.method === "HEAD" ? undefined : body);
  }

  return function upgateBadge(req, res, next) {
    if (req.method !== "GET" && req.method !== "HEAD") return next();
    answer(req, res).catch(next);
  };
}
