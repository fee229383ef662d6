import type { IncomingMessage, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { BrandingOptions } from "../core/options.js";
import type { MaintenanceCode } from "../core/version-state.js";
import { type MountedRequest, pathOf } from "./http.js";
import { isForCaches, NO_STORE } from "./no-store.js";
import { RetryInterval } from "./retry-interval.js";
import { publicText, type Renderer } from "./render.js";
import { securityHeaders } from "./security-headers.js";
import type { Texts, Wording } from "./texts/texts.js";
import type { MaintenanceModel } from "./view-models.js";

const require = createRequire(import.meta.url);

const REFRESH_MARK = "<!--upgate:refresh-->";
/** As the view writes it; the page's script reads it. */
const RETRY_ATTRIBUTE = 'data-retry="10"';

/** Of what earlier middleware has set, these don't belong to this answer, nor does what is for caches. CORS headers stay, so that clients can read it. */
const FOREIGN_HEADERS = new Set([
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-length",
  "content-range",
  "content-security-policy-report-only",
  "link",
  "location",
  "refresh",
  "set-cookie",
  "strict-transport-security",
  "transfer-encoding",
  "x-powered-by",
]);

interface Page {
  /** The page's text before and after the place of the refresh. */
  readonly head: string;
  /** The same for answers to other methods than GET: a page that does not come back by itself. */
  readonly stillHead: string;
  readonly tail: string;
  readonly language: string;
  readonly problem: { readonly title: string; readonly detail: string };
}

export type MaintenanceAnswer = (req: IncomingMessage, res: ServerResponse, code: MaintenanceCode) => void;

/**
 * The answer while the gate is closed, for any method and path: 503, never stored, as HTML, problem+json (RFC 9457) or text, in the
 * language of `Accept-Language`. Pages and headers are made once a language; a request costs one string.
 */
export function maintenanceAnswer(renderer: Renderer, branding: BrandingOptions, texts: Texts): MaintenanceAnswer {
  const brand = branding.accentColor === undefined ? "" : `:root{--brand:${branding.accentColor}}\n`;
  const css = brand + publicText("maintenance.css");
  const script = publicText("maintenance.js");
  const common = {
    ...securityHeaders({ inline: { styles: [css], scripts: [script] } }),
    ...NO_STORE,
    "X-Robots-Tag": "noindex",
    Vary: "Accept, Accept-Language",
  };
  const make = (code: MaintenanceCode, language: string): Page => makePage(renderer, branding, code, texts.in(language), css, script);
  const pages = new Map<string, Record<MaintenanceCode, Page>>();
  const pagesIn = (language: string): Record<MaintenanceCode, Page> => {
    const made = { Err1: make("Err1", language), Err2: make("Err2", language), Err3: make("Err3", language) };
    pages.set(language, made);
    return made;
  };
  // Whatever is wrong with a host's own view shows at the start, not to the first visitor.
  pagesIn(texts.languages[0] as string);
  const interval = new RetryInterval();

  return function answerMaintenance(req, res, code) {
    const language = texts.choice.wished(req);
    const page = (pages.get(language) ?? pagesIn(language))[code];
    const retryAfter = interval.next();
    const { type, body, length } = represent(req, page, code, retryAfter);
    for (const name of res.getHeaderNames()) if (FOREIGN_HEADERS.has(name) || isForCaches(name)) res.removeHeader(name);
    res.writeHead(503, {
      ...common,
      "Upgate-Maintenance": code,
      "Retry-After": retryAfter,
      "Content-Type": type,
      "Content-Language": page.language,
      "Content-Length": length,
    });
    res.end(req.method === "HEAD" ? undefined : body);
  };
}

function represent(
  req: MountedRequest,
  page: Page,
  code: MaintenanceCode,
  retryAfter: number,
): { type: string; body: string; length: number } {
  switch (preferredType(req)) {
    case "html": {
      const isSafe = req.method === "GET" || req.method === "HEAD";
      const body = isSafe ? page.head + refreshOf(req, retryAfter) + page.tail : page.stillHead + page.tail;
      return { type: "text/html; charset=utf-8", body, length: Buffer.byteLength(body) };
    }
    case "json": {
      const body = JSON.stringify({
        type: "about:blank",
        title: page.problem.title,
        status: 503,
        detail: page.problem.detail,
        code,
        retryAfter,
      });
      return { type: "application/problem+json", body, length: Buffer.byteLength(body) };
    }
    default: {
      const body = `${page.problem.title}\n\n${page.problem.detail}\n`;
      return { type: "text/plain; charset=utf-8", body, length: Buffer.byteLength(body) };
    }
  }
}

type Representation = "html" | "json" | "text";

/** Browsers and clients send few different `Accept` headers; made-up ones must not fill the memory. */
const REMEMBERED_ACCEPTS = 100;
const representations = new Map<string, Representation>();

/** HTML for whoever names it, JSON for whoever names it, text for everybody else: `*\/*` names nothing. */
function preferredType(req: IncomingMessage): Representation {
  const { accept } = req.headers;
  if (accept === undefined || accept === "*/*") return "text";
  let preferred = representations.get(accept);
  if (preferred === undefined) {
    preferred = negotiate(req, accept);
    if (representations.size < REMEMBERED_ACCEPTS) representations.set(accept, preferred);
  }
  return preferred;
}

function negotiate(req: IncomingMessage, accept: string): Representation {
  if (!/html|json/i.test(accept)) return "text";
  const accepts = require("accepts") as typeof import("accepts");
  switch (accepts(req).type(["text/html", "application/json", "application/problem+json", "text/plain"])) {
    case "text/html":
      return "html";
    case "application/json":
    case "application/problem+json":
      return "json";
    default:
      return "text";
  }
}

/** Without JavaScript a GET comes back to the address asked for; a relative one, so that a proxy's prefix stays. */
function refreshOf(req: MountedRequest, seconds: number): string {
  const url = req.originalUrl ?? req.url ?? "/";
  const path = pathOf(url);
  const target = `./${url.slice(path.lastIndexOf("/") + 1)}`;
  return `<noscript><meta http-equiv="refresh" content="${seconds};url=${escapeAttribute(target)}"></noscript>`;
}

function makePage(
  renderer: Renderer,
  branding: BrandingOptions,
  code: MaintenanceCode,
  wording: Wording,
  css: string,
  script: string,
): Page {
  const { t } = wording;
  const label = code.replace("Err", "Err ");
  const name = branding.name ?? "";
  const model: MaintenanceModel = {
    code,
    label,
    name,
    message: branding.maintenanceMessage ?? null,
    supportUrl: branding.supportUrl ?? null,
    css,
    script,
  };
  const html = renderer.render("maintenance", { ...wording, model });
  const mark = html.indexOf(REFRESH_MARK);
  const head = mark < 0 ? html : html.slice(0, mark);
  const tail = mark < 0 ? "" : html.slice(mark + REFRESH_MARK.length);
  const detail =
    code === "Err1"
      ? t("{{site}} has a technical problem. Please come back soon.", { site: name || t("This site") })
      : t("An upgrade of {{site}} is in progress. Please come back soon.", { site: name || t("this site") });
  return {
    head,
    tail,
    language: wording.lang,
    stillHead: head.replace(RETRY_ATTRIBUTE, 'data-retry="0"'),
    problem: { title: `${t("Down for Maintenance")} (${label})`, detail },
  };
}

function escapeAttribute(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("'", "&#39;");
}
