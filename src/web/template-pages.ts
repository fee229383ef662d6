import { createHmac } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isUpgateError, messageOf } from "../core/errors.js";
import type { TemplateReview } from "../core/template-review.js";
import { shownLines } from "../release/template-diff.js";
import { orAbsent } from "../store/driver-errors.js";
import { readSecret } from "../store/secrets.js";
import type { UpgradeContext } from "../upgrade/context.js";
import { markTemplateReviewed, readReviewedTemplates, readTemplateReview, type ReviewedTemplate } from "../upgrade/templates.js";
import { clientAddress, type Handler } from "./http.js";
import { forgetCaching, NO_STORE } from "./no-store.js";
import { publicText, type Renderer } from "./render.js";
import { securityHeaders } from "./security-headers.js";
import { comparisonOf, listedTemplate } from "./template-comparison.js";
import type { TemplateModel, TemplatePageModel, TemplatesModel, TemplateView } from "./template-page-models.js";
import { SOURCE_LANGUAGE } from "./texts/catalogue.js";
import type { Texts } from "./texts/texts.js";
import { isSameSite } from "./wizard/same-site.js";
import { isSameToken } from "./wizard/sessions.js";

const VIEWS: readonly TemplateView[] = ["unified", "split", "own"];
const REFUSED = {
  reason: "The form did not come from this page, or it is too old. Nothing has been changed.",
  remedy: "Open the template again and press the button once more.",
};
const GONE = {
  reason: "There is nothing to review about this template.",
  remedy: "Somebody has marked it already, or the file is gone: the list shows what is left.",
};

type Notice = TemplatePageModel["notice"];

/** What a request to System Health asks of the template review, by its query alone: it fits any mount. */
interface Asked {
  readonly query: URLSearchParams;
  /** Of one template; null: the list. */
  readonly id: string | null;
  readonly lang: string | null;
}

/**
 * The template review below System Health's own address: `?templates` lists, `?template=<id>` shows one, and its form marks it. Null without the
 * option `templates`. The host guards it, as the page itself.
 */
export function createTemplatePages(
  context: UpgradeContext,
  renderer: Renderer,
  texts: Texts,
): { readonly answers: (req: IncomingMessage) => boolean; readonly handler: Handler } | null {
  const { settings, store, logger } = context;
  if (settings.templates === null) return null;
  const { branding } = settings.options;
  const css = ["health.css", "diff.css", "templates.css"].map(publicText).join("\n");
  const headers = { ...securityHeaders({ inline: { styles: [css] } }), ...NO_STORE };
  const brand = { name: branding.name ?? "", logoUrl: branding.logoUrl ?? null, supportUrl: branding.supportUrl ?? null };

  function frame({ id, lang }: Asked, notice: Notice, language: string): TemplatePageModel {
    const own = id === null ? "templates&" : `template=${encodeURIComponent(id)}&`;
    return {
      brand,
      css,
      notice,
      query: own,
      languages: texts.marks(language),
      healthHref: lang === null ? "?" : `?lang=${lang}`,
      listHref: linkTo("templates", lang),
    };
  }

  function wordingOf(req: IncomingMessage): ReturnType<Texts["in"]> {
    return texts.in(texts.choice.asked(req) ?? texts.choice.wished(req));
  }

  async function list(req: IncomingMessage, res: ServerResponse, asked: Asked, status = 200, notice: Notice = null): Promise<void> {
    const review = (await readTemplateReview(context)) as TemplateReview;
    const { version, overriding, redundant, skipped } = review;
    if (asked.query.get("format") === "json") return send(req, res, 200, "application/json; charset=utf-8", JSON.stringify(review));
    const wording = wordingOf(req);
    const model: TemplatesModel = {
      ...frame({ ...asked, id: null }, notice, wording.lang),
      version,
      overriding,
      redundant,
      skipped,
      reviewed: asked.query.has("reviewed"),
      templates: review.templates.map((template) => listedTemplate({ template }, linkTo(`template=${template.id}`, asked.lang))),
    };
    return send(req, res, status, "text/html; charset=utf-8", renderer.render("templates", { ...wording, model }), wording.lang);
  }

  async function show(req: IncomingMessage, res: ServerResponse, asked: Asked): Promise<void> {
    const reviewed = (await readReviewedTemplates(context, ({ id }) => id === asked.id))?.reviewed[0];
    if (!reviewed) return list(req, res, asked, 404, GONE);
    const wording = wordingOf(req);
    const model = await pageModel(reviewed, asked, frame(asked, null, wording.lang));
    return send(req, res, 200, "text/html; charset=utf-8", renderer.render("template", { ...wording, model }), wording.lang);
  }

  async function pageModel(reviewed: ReviewedTemplate, { query, lang }: Asked, page: TemplatePageModel): Promise<TemplateModel> {
    const { id, now } = reviewed.template;
    const version = settings.release.filesVersion();
    const { own } = reviewed.texts;
    const secret = await orAbsent(() => readSecret(store.knex, "cookie"), null);
    const at = `template=${id}`;
    const comparison = comparisonOf(reviewed, version);
    const offered = VIEWS.filter((view) => (view === "own" ? own !== null : comparison.kind === "diff"));
    const view = offered.find((one) => one === query.get("view")) ?? offered[0] ?? "unified";
    return {
      ...page,
      version,
      comparison,
      view,
      template: listedTemplate(reviewed, null),
      own: own === null ? null : shownLines(own),
      views: offered.map((one) => ({ view: one, href: linkTo(`${at}&view=${one}`, lang) })),
      form: secret === null ? null : { action: linkTo(at, lang), token: tokenOf(secret, id, now ?? ""), now: now ?? "" },
    };
  }

  async function mark(req: IncomingMessage, res: ServerResponse, asked: Asked & { readonly id: string }): Promise<void> {
    if (!isSameSite(req.headers)) return list(req, res, asked, 403, REFUSED);
    // Express is loaded with the first form: the pages work on bare node:http.
    const { readForm } = await import("./wizard/body.js");
    const { _csrf: token = "", now = "" } = await readForm(req, res);
    const secret = await orAbsent(() => readSecret(store.knex, "cookie"), null);
    if (secret === null || !isSameToken(token, tokenOf(secret, asked.id, now))) return list(req, res, asked, 403, REFUSED);
    try {
      await markTemplateReviewed(context, asked.id, now === "" ? null : now, { address: clientAddress(req) });
      res.writeHead(303, { ...headers, Location: linkTo("templates&reviewed", asked.lang), "Content-Length": 0 });
      res.end();
    } catch (error) {
      if (!isUpgateError(error, "ERR_UPGATE_TEMPLATE")) throw error;
      return list(req, res, asked, 409, { reason: error.message, remedy: error.remedy });
    }
  }

  function send(
    req: IncomingMessage,
    res: ServerResponse,
    status: number,
    type: string,
    body: string,
    lang: string = SOURCE_LANGUAGE,
  ): void {
    forgetCaching(res);
    for (const name of ["Content-Security-Policy", "Strict-Transport-Security"]) res.removeHeader(name);
    const about = { Vary: "Accept-Language", "Content-Language": lang };
    res.writeHead(status, { ...headers, ...about, "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
    res.end(req.method === "HEAD" ? undefined : body);
  }

  async function answer(req: IncomingMessage, res: ServerResponse, asked: Asked): Promise<void> {
    const { id } = asked;
    if (req.method === "POST" && id !== null) return mark(req, res, { ...asked, id });
    return id === null ? list(req, res, asked) : show(req, res, asked);
  }

  return {
    answers: (req) => {
      const { query, id } = askedBy(req, texts);
      if (req.method === "POST") return id !== null;
      return (req.method === "GET" || req.method === "HEAD") && (id !== null || query.has("templates"));
    },
    handler: function upgateTemplates(req, res, next) {
      answer(req, res, askedBy(req, texts)).catch((error: unknown) => {
        const { status } = error as { status?: number };
        // The form's parser: too large, or not readable.
        if (status === undefined || status < 400 || status > 499)
          logger.error(`upgate: the template review failed: ${messageOf(error)}`, error);
        next(error);
      });
    },
  };
}

function askedBy(req: IncomingMessage, texts: Texts): Asked {
  const query = new URLSearchParams(req.url?.split("?", 2)[1] ?? "");
  return { query, id: query.get("template"), lang: texts.choice.asked(req) };
}

/** Relative to whatever address the page has. */
function linkTo(query: string, lang: string | null): string {
  return `?${query}${lang === null ? "" : `&lang=${lang}`}`;
}

/** Bound to the template and to what was looked at; whoever has no page of this application has none. */
function tokenOf(secret: string, id: string, now: string): string {
  return createHmac("sha256", secret).update(`template-reviewed:${id}:${now}`).digest("base64url");
}
