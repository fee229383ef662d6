import { createBillingApp } from "./billing-app.js";
import { upgate } from "./upgate.js";

/** Loaded by `upgate.serve` once the gate is open. */
export default await createBillingApp({ knex: upgate.knex, badge: upgate.badge, health: upgate.health() });
