import { type RequestHandler, Router } from "express";
import type { BillingContext } from "./context.js";
import { monthOf, today } from "./dates.js";
import { paginate } from "./pagination.js";
import { countCustomers, listCustomers } from "./queries/customers.js";
import { countActiveServices, openInvoices, revenueByCurrency, revenueByMonth } from "./queries/figures.js";
import { countInvoices, INVOICE_STATUSES, isInvoiceStatus, listInvoices } from "./queries/invoices.js";
import { listRenewals } from "./queries/services.js";
import { revenueChart } from "./revenue-chart.js";

/** upgate's badge as `upgate.badge()` gives it; `html` goes into the sidebar as it is. */
export interface AdminBadge {
  readonly codeVersion: string;
  readonly installedVersion: string | null;
  readonly kind: string;
  readonly label: string;
  readonly severity: "ok" | "info" | "warning" | "danger";
  readonly href: string | null;
  readonly html: string;
}

/** A real panel has its login here, before everything else. */
export function admin(context: BillingContext, badge: () => Promise<AdminBadge>): Router {
  const router = Router();
  router.use(async (_req, res, next) => {
    res.locals["badge"] = await badge();
    next();
  });
  router.get("/", showDashboard(context));
  router.get("/customers", showCustomers(context));
  router.get("/invoices", showInvoices(context));
  return router;
}

function showDashboard({ knex, company }: BillingContext): RequestHandler {
  return async (_req, res) => {
    const now = today();
    const [byMonth, byCurrency, open, activeServices, customers, renewals, invoices] = await Promise.all([
      revenueByMonth(knex, now),
      revenueByCurrency(knex, now),
      openInvoices(knex),
      countActiveServices(knex),
      countCustomers(knex),
      listRenewals(knex, now, 5),
      listInvoices(knex, null, 8),
    ]);
    const revenueCents = byMonth.get(monthOf(now)) ?? 0;
    res.render("admin/dashboard", {
      currency: company.currency,
      chart: revenueChart(byMonth, now),
      revenueCents,
      byCurrency,
      open,
      activeServices,
      customers,
      renewals,
      invoices,
    });
  };
}

function showCustomers({ knex }: BillingContext): RequestHandler {
  return async (req, res) => {
    const pagination = paginate(await countCustomers(knex), req.query["page"]);
    res.render("admin/customers", {
      pagination,
      customers: await listCustomers(knex, "created_at", pagination.perPage, pagination.offset),
    });
  };
}

function showInvoices({ knex }: BillingContext): RequestHandler {
  return async (req, res) => {
    const status = isInvoiceStatus(req.query["status"]) ? req.query["status"] : null;
    const pagination = paginate(await countInvoices(knex, status), req.query["page"]);
    const invoices = await listInvoices(knex, status, pagination.perPage, pagination.offset);
    res.render("admin/invoices", { pagination, invoices, status, statuses: INVOICE_STATUSES });
  };
}
