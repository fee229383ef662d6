import { type NextFunction, type Request, type RequestHandler, type Response, Router } from "express";
import type { BillingContext } from "./context.js";
import { today } from "./dates.js";
import { type Customer, findCustomer, listCustomers } from "./queries/customers.js";
import {
  findInvoice,
  invoicesOfCustomer,
  invoicesOfService,
  linesOfInvoice,
  OPEN_STATUSES,
  payInvoice,
  paymentsOfInvoice,
} from "./queries/invoices.js";
import { findService, listServices } from "./queries/services.js";

/** The demo has no login: everybody may look at, and pay for, every made-up customer. */
export function clientArea(context: BillingContext): Router {
  const router = Router();
  router.get("/", async (_req, res) => res.render("client/picker", { customers: await listCustomers(context.knex, "open_invoices", 12) }));
  router.use("/:id", loadCustomer(context));
  router.get("/:id", showCustomer(context));
  router.get("/:id/services/:sid", showService(context));
  router.get("/:id/invoices/:number", showInvoice(context));
  router.post("/:id/invoices/:number/pay", refuseCrossSite, pay(context));
  return router;
}

type CustomerResponse = Response<unknown, { customer: Customer }>;

function loadCustomer({ knex }: BillingContext): RequestHandler {
  return async (req, res, next) => {
    const id = String(req.params["id"]);
    const customer = /^\d{1,9}$/.test(id) ? await findCustomer(knex, Number(id)) : undefined;
    if (!customer) return next("router");
    res.locals["customer"] = customer;
    next();
  };
}

function showCustomer({ knex }: BillingContext) {
  return async (_req: Request, res: CustomerResponse) => {
    const { customer } = res.locals;
    const [services, invoices] = await Promise.all([listServices(knex, customer.id), invoicesOfCustomer(knex, customer.id)]);
    const open = invoices.filter((invoice) => OPEN_STATUSES.includes(invoice.status));
    const renewals = services.flatMap((service) => service.next_renewal_at ?? []).toSorted();
    res.render("client/customer", {
      services,
      invoices,
      openCount: open.length,
      openCents: open.reduce((sum, invoice) => sum + invoice.total_cents, 0),
      overdue: invoices.some((invoice) => invoice.status === "overdue"),
      nextRenewal: renewals[0] ?? null,
    });
  };
}

function showService({ knex }: BillingContext) {
  return async (req: Request, res: CustomerResponse, next: NextFunction) => {
    const { customer } = res.locals;
    const service = await findService(knex, customer.id, Number(req.params["sid"]) || 0);
    if (!service) return next();
    res.render("client/service", { service, invoices: await invoicesOfService(knex, service.id) });
  };
}

function showInvoice({ knex }: BillingContext) {
  return async (req: Request, res: CustomerResponse, next: NextFunction) => {
    const { customer } = res.locals;
    const invoice = await findInvoice(knex, customer.id, String(req.params["number"]));
    if (!invoice) return next();
    const [lines, payments] = await Promise.all([linesOfInvoice(knex, invoice.id), paymentsOfInvoice(knex, invoice.id)]);
    res.render("client/invoice", {
      invoice,
      lines,
      payments,
      payable: OPEN_STATUSES.includes(invoice.status),
      justPaid: "paid" in req.query,
    });
  };
}

function pay({ knex }: BillingContext) {
  return async (req: Request, res: CustomerResponse, next: NextFunction) => {
    const { customer } = res.locals;
    const invoice = await findInvoice(knex, customer.id, String(req.params["number"]));
    if (!invoice) return next();
    const paid = await payInvoice(knex, invoice, today());
    res.redirect(303, `/client/${customer.id}/invoices/${invoice.number}${paid ? "?paid" : ""}`);
  };
}

/** Over https browsers say where a form was sent from. A panel with a login needs a CSRF token as well. */
const refuseCrossSite: RequestHandler = (req, res, next) => {
  const site = req.get("sec-fetch-site") ?? "same-origin";
  if (site === "same-origin" || site === "none") return next();
  res.status(403).type("text").send("This form belongs to another site.");
};
