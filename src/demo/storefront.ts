import { Router } from "express";
import type { BillingContext } from "./context.js";
import { readCatalogue } from "./queries/company.js";

export function storefront({ knex, company, currencies }: BillingContext): Router {
  const router = Router();

  router.get("/", async (req, res) => {
    const chosen = currencies.find(({ code }) => code === req.query["currency"]);
    res.render("storefront", { catalogue: await readCatalogue(knex), currencies, currency: chosen?.code ?? company.currency });
  });

  return router;
}
