import { fileURLToPath } from "node:url";
import ejs from "ejs";
import express from "express";
import helmet from "helmet";
import type { Knex } from "knex";
import { admin, type AdminBadge } from "./admin.js";
import { clientArea } from "./client-area.js";
import type { BillingContext } from "./context.js";
import { today } from "./dates.js";
import * as format from "./format.js";
import { listCurrencies, readCompany } from "./queries/company.js";
import { markOverdueInvoices } from "./queries/invoices.js";
import { storefront } from "./storefront.js";

interface BillingAppDeps {
  readonly knex: Knex;
  badge(): Promise<AdminBadge>;
  /** upgate's System Health page. */
  readonly health: express.RequestHandler;
}

const root = new URL("../../", import.meta.url);

/**
 * The reference application: a small billing panel. It reads the database while it starts, including columns that the
 * newest release creates, so it can only be loaded once the gate is open.
 */
export async function createBillingApp(deps: BillingAppDeps): Promise<express.Express> {
  const { knex } = deps;
  const [company, currencies, { codeVersion }] = await Promise.all([readCompany(knex), listCurrencies(knex), deps.badge()]);
  await markOverdueInvoices(knex, today());
  const context: BillingContext = { knex, company, currencies };

  const app = express();
  app.disable("x-powered-by");
  app.engine("ejs", ejs.renderFile);
  app.set("view engine", "ejs");
  // The operator's theme first: a file of the same name there takes the place of the stock one.
  app.set("views", [fileURLToPath(new URL("theme/", root)), fileURLToPath(new URL("views/demo/", root))]);
  Object.assign(app.locals, { company, codeVersion, format });

  app.use(securityHeaders());
  // Addresses of assets carry the release, so a browser may keep them until the next one.
  app.use("/assets", express.static(fileURLToPath(new URL("public/demo/", root)), { maxAge: "7d" }));
  app.use((req, res, next) => {
    res.locals["path"] = req.path;
    next();
  });
  app.use("/", storefront(context));
  app.use("/client", clientArea(context));
  app.use("/admin/system-health", deps.health);
  app.use(
    "/admin",
    admin(context, () => deps.badge()),
  );
  app.use(notFound);
  app.use(failed);
  return app;
}

/** Helmet's defaults, less what would pin a plain http installation to https, and without inline styles. */
function securityHeaders(): express.RequestHandler {
  return helmet({
    strictTransportSecurity: false,
    contentSecurityPolicy: { directives: { "style-src": ["'self'"], "font-src": ["'self'"], "upgrade-insecure-requests": null } },
  });
}

const notFound: express.RequestHandler = (_req, res) => {
  res
    .status(404)
    .render("message", { title: "Page not found", text: "There is nothing at this address. It may have moved, or never existed." });
};

const failed: express.ErrorRequestHandler = (error, req, res, next) => {
  if (error instanceof URIError) return notFound(req, res, next);
  console.error(error);
  if (res.headersSent) return next(error);
  res.status(500).render("message", { title: "Something went wrong", text: "We have made a note of it. Please try again in a moment." });
};
