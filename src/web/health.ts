import type { IncomingMessage, ServerResponse } from "node:http";
import accepts from "accepts";
import { messageOf } from "../core/errors.js";
import type { BrandingOptions } from "../core/options.js";
import type { Logger } from "../core/ports.js";
import { driverMessage } from "../store/driver-errors.js";
import { readLatestRuns } from "../store/runs.js";
import { readHealth } from "../upgrade/checks.js";
import type { UpgradeContext } from "../upgrade/context.js";
import { presentInstallFolder } from "../upgrade/install-folder.js";
import type { OwnProcess } from "../upgrade/node-checks.js";
import type { Watcher } from "../upgrade/watcher.js";
import { badgeModel } from "./badge.js";
import type { Handler } from "./http.js";
import { forgetCaching, NO_STORE } from "./no-store.js";
import { publicText, type Renderer } from "./render.js";
import { securityHeaders } from "./security-headers.js";
import { createTemplatePages } from "./template-pages.js";
import { SOURCE_LANGUAGE } from "./texts/catalogue.js";
import type { Texts, Wording } from "./texts/texts.js";
import type { HealthModel } from "./view-models.js";

const RUNS_SHOWN = 10;

/** System Health: HTML, or JSON for clients that ask for it (`Accept`, or `?format=json`). The host guards it: it tells versions. */
export function createHealth(
  context: UpgradeContext,
  watcher: Watcher,
  renderer: Renderer,
  own: () => Promise<OwnProcess>,
  installer: string,
  texts: Texts,
): Handler {
  const { branding } = context.settings.options;
  const read = async (wording: Wording): Promise<HealthFacts> => ({
    badge: badgeModel(watcher.state, installer, wording, presentInstallFolder(context.settings)),
    groups: await readHealth(context, watcher.state, await own()),
    runs: await latestRuns(context),
    generatedAt: context.store.clock.timestamp(),
  });
  const health = healthHandler({ read, branding, renderer, texts, logger: context.logger });
  const templates = createTemplatePages(context, renderer, texts);
  return function upgateHealth(req, res, next) {
    if (templates?.answers(req)) templates.handler(req, res, next);
    else health(req, res, next);
  };
}

/** What System Health shows, wherever it comes from. */
export type HealthFacts = Pick<HealthModel, "badge" | "groups" | "runs" | "generatedAt">;

interface HealthParts {
  readonly read: (wording: Wording) => Promise<HealthFacts>;
  readonly branding: Readonly<BrandingOptions>;
  readonly renderer: Renderer;
  readonly texts: Texts;
  readonly logger: Logger;
}

export function healthHandler({ read, branding, renderer, texts, logger }: HealthParts): Handler {
  const css = publicText("health.css");
  const headers = { ...securityHeaders({ inline: { styles: [css] } }), ...NO_STORE };
  const brand = { name: branding.name ?? "", logoUrl: branding.logoUrl ?? null, supportUrl: branding.supportUrl ?? null };

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const isJson = wantsJson(req);
    // For machines there is one language.
    const wording = texts.in(isJson ? SOURCE_LANGUAGE : (texts.choice.asked(req) ?? texts.choice.wished(req)));
    const model: HealthModel = { brand, css, languages: texts.marks(wording.lang), ...(await read(wording)) };
    const [type, body] = isJson
      ? ["application/json; charset=utf-8", JSON.stringify(jsonOf(model))]
      : ["text/html; charset=utf-8", renderer.render("health", { ...wording, model })];
    forgetCaching(res);
    for (const name of ["Content-Security-Policy", "Strict-Transport-Security"]) res.removeHeader(name);
    const about = { Vary: "Accept, Accept-Language", "Content-Language": wording.lang };
    res.writeHead(200, { ...headers, ...about, "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
    res.end(req.method === "HEAD" ? undefined : body);
  }

  return function upgateHealth(req, res, next) {
    if (req.method !== "GET" && req.method !== "HEAD") return next();
    answer(req, res).catch((error: unknown) => {
      logger.error(`upgate: System Health failed: ${messageOf(error)}`, error);
      next(error);
    });
  };
}

async function latestRuns({ store, logger }: UpgradeContext): Promise<HealthModel["runs"]> {
  try {
    const runs = await readLatestRuns(store.knex, RUNS_SHOWN);
    return runs.map((run) => ({
      id: run.id,
      kind: run.kind,
      from: run.fromVersion,
      to: run.toVersion,
      status: run.status,
      startedAt: run.startedAt,
      durationMs: run.startedAt && run.finishedAt ? Date.parse(run.finishedAt) - Date.parse(run.startedAt) : null,
    }));
  } catch (error) {
    logger.warn(`upgate: the last runs can't be read: ${driverMessage(error)}`);
    return [];
  }
}

function jsonOf({ badge, groups, runs, generatedAt }: HealthModel): object {
  return { generatedAt, badge, checks: groups.flatMap(({ title, checks }) => checks.map((check) => ({ group: title, ...check }))), runs };
}

function wantsJson(req: IncomingMessage): boolean {
  if (/[?&]format=json(?:&|$)/.test(req.url ?? "")) return true;
  return /json/i.test(req.headers.accept ?? "") && accepts(req).type(["text/html", "application/json"]) === "application/json";
}
