import type { IncomingMessage, ServerResponse } from "node:http";
import type { Check, CheckGroup } from "../core/check.js";
import { messageOf } from "../core/errors.js";
import type { BrandingOptions } from "../core/options.js";
import type { VersionState } from "../core/version-state.js";
import type { UpgradeContext } from "../upgrade/context.js";
import type { OwnNode } from "../upgrade/health-nodes.js";
import { type HealthReport, readHealthReport } from "../upgrade/health-report.js";
import { healthText } from "../upgrade/health-text.js";
import type { OwnProcess } from "../upgrade/node-checks.js";
import { readRunReport } from "../upgrade/report.js";
import type { Watcher } from "../upgrade/watcher.js";
import { checkHelp } from "./check-help.js";
import { type HealthRequest, parseHealthRequest } from "./health-request.js";
import type { Handler } from "./http.js";
import { forgetCaching, NO_STORE } from "./no-store.js";
import { readNotes } from "./release-notes.js";
import { publicText, type Renderer } from "./render.js";
import { securityHeaders } from "./security-headers.js";
import { createTemplatePages } from "./template-pages.js";
import { SOURCE_LANGUAGE } from "./texts/catalogue.js";
import type { Texts, Wording } from "./texts/texts.js";
import type { BadgeModel, HealthHelpModel, HealthModel, NotesModel } from "./view-models.js";

/** What only the process that answers knows. */
export interface HealthSources {
  readonly own: () => Promise<OwnProcess>;
  readonly node: () => Promise<OwnNode>;
}

/** System Health as page, JSON and text, with a help page for each check and the report of each run. The host guards it: it tells versions. */
export function createHealth(
  context: UpgradeContext,
  watcher: Watcher,
  renderer: Renderer,
  sources: HealthSources,
  badge: (wording: Wording) => BadgeModel,
  texts: Texts,
): Handler {
  const notesNow = ({ installedVersion, codeVersion }: VersionState): Promise<NotesModel> =>
    readNotes(context, installedVersion === codeVersion ? null : installedVersion, codeVersion);
  let reading: Promise<HealthReport> | null = null;
  const read = async (): Promise<HealthReport> =>
    readHealthReport(context, watcher.state, await sources.own(), await sources.node().catch(() => null));
  const health = healthHandler({
    // Whoever asks meanwhile gets the same: a check that hangs is not begun once more with every reload.
    read: () => (reading ??= read().finally(() => (reading = null))),
    badge,
    notes: () => notesNow(watcher.state),
    runReport: (id) => readRunReport(context, watcher.state, id),
    branding: context.settings.options.branding,
    renderer,
    texts,
    logger: context.logger,
  });
  const templates = createTemplatePages(context, renderer, texts);
  return function upgateHealth(req, res, next) {
    if (templates?.answers(req)) templates.handler(req, res, next);
    else health(req, res, next);
  };
}

export interface HealthParts {
  readonly read: () => Promise<HealthReport>;
  readonly badge: (wording: Wording) => BadgeModel;
  readonly notes: () => Promise<NotesModel>;
  /** Null: there is no such run. */
  readonly runReport: (id: string) => Promise<object | null>;
  readonly branding: Readonly<BrandingOptions>;
  readonly renderer: Renderer;
  readonly texts: Texts;
  readonly logger: { readonly error: (message: string, error?: unknown) => void };
}

interface HealthAnswer {
  readonly status: 200 | 404;
  readonly type: string;
  readonly body: string;
  /** Of a file to be saved; null: it is shown. */
  readonly filename: string | null;
}

const HTML = "text/html; charset=utf-8";
const JSON_TYPE = "application/json; charset=utf-8";
const TEXT = "text/plain; charset=utf-8";

export function healthHandler(parts: HealthParts): Handler {
  const pages = new HealthPages(parts);
  const headers = { ...securityHeaders({ inline: { styles: [pages.css] } }), ...NO_STORE };

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const asked = parseHealthRequest(req);
    const { choice } = parts.texts;
    const own = choice.asked(req);
    // For machines there is one language.
    const wording = parts.texts.in(asked.format === "html" ? (own ?? choice.wished(req)) : SOURCE_LANGUAGE);
    const { status, type, body, filename } = await pages.answer(asked, wording, own === null ? "" : `&lang=${own}`);
    forgetCaching(res);
    for (const name of ["Content-Security-Policy", "Strict-Transport-Security"]) res.removeHeader(name);
    const about = { Vary: "Accept, Accept-Language", "Content-Language": wording.lang };
    const saved = filename === null ? {} : { "Content-Disposition": `attachment; filename="${filename}"` };
    res.writeHead(status, { ...headers, ...about, ...saved, "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
    res.end(req.method === "HEAD" ? undefined : body);
  }

  return function upgateHealth(req, res, next) {
    if (req.method !== "GET" && req.method !== "HEAD") return next();
    answer(req, res).catch((error: unknown) => {
      parts.logger.error(`upgate: System Health failed: ${messageOf(error)}`, error);
      next(error);
    });
  };
}

/** What there is to answer, without the request it came by. */
class HealthPages {
  readonly css = publicText("health.css");

  constructor(private readonly parts: HealthParts) {}

  async answer(asked: HealthRequest, wording: Wording, keep: string): Promise<HealthAnswer> {
    if (asked.help !== null) return this.#help(asked.help, wording, keep);
    if (asked.run !== null) return this.#runReport(asked.run);
    const report = await this.parts.read();
    const filename = asked.isDownload ? `system-health-${report.generatedAt.slice(0, 10)}` : null;
    if (asked.format === "text") return shown(TEXT, healthText(report), filename && `${filename}.txt`);
    const badge = this.parts.badge(wording);
    if (asked.format === "json") return shown(JSON_TYPE, healthJson(report, badge), filename && `${filename}.json`);
    const model: HealthModel = {
      ...this.#frame(wording),
      ...report,
      groups: withHelp(report.groups, keep),
      badge,
      notes: await this.parts.notes(),
      keep,
    };
    return shown(HTML, this.parts.renderer.render("health", { ...wording, model }));
  }

  #help(id: string, wording: Wording, keep: string): HealthAnswer {
    const model: HealthHelpModel = { ...this.#frame(wording), id, html: checkHelp(id), keep };
    const body = this.parts.renderer.render("health-help", { ...wording, model });
    return { ...shown(HTML, body), status: model.html === null ? 404 : 200 };
  }

  async #runReport(id: string): Promise<HealthAnswer> {
    const report = await this.parts.runReport(id);
    if (report === null) return { ...shown(TEXT, "There is no such run.\n"), status: 404 };
    return shown(JSON_TYPE, `${JSON.stringify(report, null, 2)}\n`, `upgrade-report-${id}.json`);
  }

  #frame({ lang }: Wording): Pick<HealthModel, "brand" | "css" | "languages"> {
    const { branding, texts } = this.parts;
    const { name = "", logoUrl = null, supportUrl = null } = branding;
    return { brand: { name, logoUrl, supportUrl }, css: this.css, languages: texts.marks(lang) };
  }
}

function shown(type: string, body: string, filename: string | null = null): HealthAnswer {
  return { status: 200, type, body, filename };
}

function withHelp(groups: readonly CheckGroup[], keep: string): HealthModel["groups"] {
  return groups.map(({ title, checks }) => ({ title, checks: checks.map((check) => ({ ...check, helpUrl: helpUrl(check, keep) })) }));
}

/** Of upgate's own checks relative to the address that was asked for. */
function helpUrl({ id, docsUrl }: Check, keep: string): string | null {
  return docsUrl ?? (checkHelp(id) === null ? null : `?help=${id}${keep}`);
}

function healthJson({ groups, ...report }: HealthReport, badge: BadgeModel): string {
  const checks = groups.flatMap(({ title, checks: some }) =>
    some.map((check) => ({ group: title, ...check, docsUrl: helpUrl(check, "") })),
  );
  return `${JSON.stringify({ ...report, badge, checks }, null, 2)}\n`;
}
