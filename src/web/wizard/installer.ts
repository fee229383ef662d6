import type { ServerResponse } from "node:http";
import { isUpgateError, messageOf } from "../../core/errors.js";
import { say } from "../../core/say.js";
import { driverMessage } from "../../store/driver-errors.js";
import { maintenanceCode } from "../../core/version-state.js";
import { clientAddress, type Handler, isSecure, type MountedRequest, type Next, pathOf, requestPath } from "../http.js";
import type { MaintenanceAnswer } from "../maintenance.js";
import { forgetCaching, NO_STORE } from "../no-store.js";
import { publicAsset, type Renderer } from "../render.js";
import { securityHeaders } from "../security-headers.js";
import type { Texts } from "../texts/texts.js";
import type { PageFrame } from "../view-models.js";
import { isAuthorized } from "./authorize.js";
import { readForm } from "./body.js";
import { StatusEvents } from "./events.js";
import type { CheckKey, KeyLimit } from "./key-limit.js";
import { messagePage } from "./pages.js";
import { relativeSegment } from "./return-address.js";
import { findRoute, type Route } from "./routes.js";
import { isSameSite } from "./same-site.js";
import { isSameToken, type OpenSession } from "./sessions.js";
import { mayShow, stepMarks } from "./steps.js";
import { themeCss } from "./theme.js";
import { type Answer, openVisit, type Visit, type WizardParts } from "./visit.js";

const HEADERS = { ...securityHeaders(), ...NO_STORE, "X-Robots-Tag": "noindex" };
const BACK = { href: "./", label: "Back to the Installer" };

export interface Installer {
  readonly handler: Handler;
  close(): void;
}

/** The wizard as one connect-style function, to be mounted at `installPath`. Sealed, it answers nothing: the host's 404 does. */
export function createInstaller(parts: WizardParts, renderer: Renderer, texts: Texts, answerMaintenance: MaintenanceAnswer): Installer {
  const { context, watcher, sessions } = parts;
  const { logger, settings } = context;
  const events = new StatusEvents({ upgrader: parts.upgrader, watcher, sessions, logger });
  // What it builds on takes a while to load: not in a program whose wizard is sealed, but before the first key is entered.
  let limit: Promise<KeyLimit> | undefined;
  const loadLimit = (): Promise<KeyLimit> =>
    (limit ??= import("./key-limit.js").then(({ KeyLimit: Limit }) => new Limit(context.store, parts.writes, logger)));
  /** Until the next reading: an address that is not there costs no more than any other. */
  let isKnownSealed = false;
  watcher.onReading(({ kind }) => {
    isKnownSealed = false;
    // Whoever enters a key is told.
    if (kind !== "current") loadLimit().catch(() => undefined);
  });
  /** Requests of somebody who has the key: only they are told what went wrong. */
  const signedIn = new WeakSet<MountedRequest>();

  async function serve(req: MountedRequest, res: ServerResponse, next: Next): Promise<void> {
    await watcher.ready;
    // Closed by its deadline: that the state was once read as current lets nobody through to the application.
    if (watcher.state.kind === "current" && watcher.gate.openUntilMs <= performance.now()) return answerMaintenance(req, res, "Err1");
    if (await isSealed()) return beAbsent(req, res, next);
    if (!(await isAuthorized(settings.options, req, logger))) return beAbsent(req, res, next);
    forgetCaching(res);
    if (watcher.state.kind === "unknown") return answerMaintenance(req, res, "Err1");
    const path = pathOf(req.url ?? "/").replace(/^$/, "/");
    if (path.startsWith("/assets/") && (req.method === "GET" || req.method === "HEAD"))
      return sendAsset(req, res, path.slice("/assets/".length));
    const answered = await answer(req, res, findRoute(req.method ?? "GET", path));
    await send(req, res, answered);
  }

  /** Sealed, or not for whoever asks: as any address that was never there. That is the host's 404, and while the gate is closed the maintenance page. */
  function beAbsent(req: MountedRequest, res: ServerResponse, next: Next): void {
    const code = maintenanceCode(watcher.state.kind);
    if (code === null && watcher.gate.openUntilMs > performance.now()) next();
    else answerMaintenance(req, res, code ?? "Err1");
  }

  /** Sealed too when the open site's sessions can't be read just now: whoever asks learns nothing. */
  async function isSealed(): Promise<boolean> {
    const { state } = watcher;
    if (state.kind !== "current") return false;
    if (isKnownSealed) return true;
    try {
      const isOpen = await sessions.isAnyOpen();
      isKnownSealed = !isOpen && watcher.state === state;
      return !isOpen;
    } catch {
      return true;
    }
  }

  async function answer(
    req: MountedRequest,
    res: ServerResponse,
    route: Route | "not-found" | "not-allowed",
  ): Promise<{ answer: Answer; visit: Visit | null }> {
    if (route === "not-found") return refuse(404, say("Page Not Found"), "The installer has no such page.");
    if (route === "not-allowed") return refuse(405, say("Not Possible"), "This page can't be used that way.");
    const session = await sessions.find(req.headers.cookie);
    if (session) signedIn.add(req);
    const request = {
      address: clientAddress(req),
      secure: isSecure(req),
      session,
      checkKey: (async (matches) => (await loadLimit()).check(req, res, matches)) satisfies CheckKey,
      query: new URLSearchParams((req.url ?? "").split("?")[1] ?? ""),
      body: {},
      wording: texts.in(texts.choice.of(req)),
    };
    if (route.needsSession && !request.session) {
      if (route.method === "GET" && route.path !== "/status" && route.path !== "/events")
        return { answer: { kind: "redirect", to: "./" }, visit: null };
      return refuse(
        403,
        say("Install Key Needed"),
        "Your session is over, or you have not entered the install key yet. Nothing has been changed.",
      );
    }
    const body = route.method === "POST" ? await checkedForm(req, res, route, request.session) : {};
    if (body === null)
      return refuse(
        403,
        say("Form Refused"),
        "The form did not come from a page of this installer, or it is too old. Nothing has been changed.",
      );
    const visit = await openVisit(parts, { ...request, body });
    if (request.session && route.step !== null) await sessions.touch(request.session.id);
    if (route.step !== null && !mayShow(route.step, visit.target)) {
      if (route.method === "GET") return { answer: { kind: "redirect", to: visit.target }, visit };
      return {
        answer: messagePage(409, {
          heading: "Not Yet",
          text: "This step can't be taken now. Nothing has been changed.",
          remedy: "Go on with the step that is next.",
          link: BACK,
        }),
        visit,
      };
    }
    return { answer: await route.handle(visit), visit };
  }

  /** The form's fields; null when it is not a form of ours. */
  async function checkedForm(
    req: MountedRequest,
    res: ServerResponse,
    { needsSession }: Route,
    session: OpenSession | null,
  ): Promise<Readonly<Record<string, string>> | null> {
    if (!isSameSite(req.headers)) return null;
    const body = await readForm(req, res);
    const given = body["_csrf"] ?? "";
    const genuine = needsSession ? session !== null && isSameToken(given, session.csrf) : await sessions.isKeyFormToken(given);
    return genuine ? body : null;
  }

  async function send(
    req: MountedRequest,
    res: ServerResponse,
    { answer: what, visit }: { answer: Answer; visit: Visit | null },
  ): Promise<void> {
    switch (what.kind) {
      case "redirect":
        res.writeHead(303, {
          ...HEADERS,
          Location: what.to.startsWith(".") || what.to.startsWith("/") ? what.to : baseOf(req) + what.to,
          "Content-Length": 0,
          ...(what.cookie ? { "Set-Cookie": what.cookie } : {}),
        });
        return void res.end();
      case "events":
        if (!events.isFull) return events.listen(req, res, HEADERS, visit as Visit);
        res.setHeader("Retry-After", "5");
        return write(
          req,
          res,
          503,
          "text/plain; charset=utf-8",
          "Too many pages follow the progress here; this one asks for it now and then.\n",
        );
      case "json":
        return write(req, res, what.status, "application/json; charset=utf-8", JSON.stringify(what.body));
      case "download":
        res.setHeader("Content-Disposition", `attachment; filename="${what.filename}"`);
        return write(req, res, 200, what.type, what.body);
      case "page": {
        const wording = visit?.wording ?? texts.in(texts.choice.of(req));
        const frame = await frameOf(req, what, visit, wording.lang);
        res.setHeader("Content-Language", wording.lang);
        keepLanguage(req, res);
        if (what.retryAfter !== undefined) res.setHeader("Retry-After", what.retryAfter);
        return write(
          req,
          res,
          what.status,
          "text/html; charset=utf-8",
          renderer.render(what.view, { ...wording, frame, model: what.model }),
        );
      }
    }
  }

  /** Not at the mount itself without a slash at its end: the cookie would reach beyond the wizard there. */
  function keepLanguage(req: MountedRequest, res: ServerResponse): void {
    const asked = texts.choice.asked(req);
    if (asked !== null && (!isAtMount(req) || requestPath(req).endsWith("/")))
      res.setHeader("Set-Cookie", texts.choice.cookie(asked, isSecure(req)));
  }

  async function frameOf(
    req: MountedRequest,
    { view, step }: Extract<Answer, { kind: "page" }>,
    visit: Visit | null,
    language: string,
  ): Promise<PageFrame> {
    const { branding } = settings.options;
    const kind = visit?.kind ?? "upgrade";
    const base = baseOf(req);
    return {
      base,
      brand: { name: branding.name ?? "", logoUrl: branding.logoUrl ?? null, supportUrl: branding.supportUrl ?? null },
      themed: branding.accentColor !== undefined,
      kind,
      steps: step === null || !visit ? [] : stepMarks(step, visit.hasLicense, kind),
      csrf: view === "key" ? await sessions.keyFormToken() : (visit?.session?.csrf ?? ""),
      languages: texts.marks(language),
      // What a form has been answered with has no address of its own.
      languageBase: req.method === "POST" || isAtMount(req) ? base || "./" : "",
      signedIn: view !== "key" && visit?.session !== null && visit?.session !== undefined,
    };
  }

  function sendAsset(req: MountedRequest, res: ServerResponse, name: string): Promise<void> {
    if (name === "theme.css") return write(req, res, 200, "text/css; charset=utf-8", themeCss(settings.options.branding.accentColor));
    const asset = publicAsset(name);
    if (!asset) return send(req, res, refuse(404, say("Page Not Found"), "The installer has no such page."));
    return write(req, res, 200, asset.type, asset.body);
  }

  async function failed(req: MountedRequest, res: ServerResponse, error: unknown): Promise<void> {
    if (res.headersSent) return void res.destroy();
    const { status } = error as { status?: number };
    if (isUpgateError(error) && signedIn.has(req))
      return send(req, res, {
        answer: messagePage(409, { heading: "Not Now", text: error.message, remedy: error.remedy, link: BACK }),
        visit: null,
      });
    if (status === 413)
      return send(req, res, refuse(413, say("Form Too Large"), "The form holds more than the installer takes. Nothing has been changed."));
    if (status !== undefined && status >= 400 && status < 500)
      return send(req, res, refuse(status, say("Form Not Understood"), "The form could not be read. Nothing has been changed."));
    logger.error(`upgate: the installer failed: ${driverMessage(error)}`, error);
    answerMaintenance(req, res, "Err1");
  }

  return {
    handler: function upgateInstaller(req, res, next) {
      serve(req, res, next)
        .catch((error: unknown) => failed(req, res, error))
        .catch((error: unknown) => {
          logger.error(`upgate: the installer could not answer: ${messageOf(error)}`, error);
          res.destroy();
        });
    },
    close: () => events.close(),
  };
}

async function write(req: MountedRequest, res: ServerResponse, status: number, type: string, body: string | Buffer): Promise<void> {
  res.writeHead(status, { ...HEADERS, "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
  res.end(req.method === "HEAD" ? undefined : body);
}

function refuse(status: number, heading: string, text: string): { answer: Answer; visit: null } {
  return { answer: messagePage(status, { heading, text, remedy: null, link: BACK }), visit: null };
}

function isAtMount(req: MountedRequest): boolean {
  return pathOf(req.url ?? "/").replace(/^\//, "") === "";
}

/** Prefix of relative links: at the mount itself without a slash at the end, a browser resolves them against the folder above. */
function baseOf(req: MountedRequest): string {
  const inner = pathOf(req.url ?? "/").replace(/^\//, "");
  if (inner !== "") return "../".repeat(inner.split("/").length - 1);
  const outer = requestPath(req);
  return outer.endsWith("/") ? "" : relativeSegment(outer);
}
