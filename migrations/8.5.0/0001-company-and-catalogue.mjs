export async function up(knex) {
  // Old servers still create databases in latin1, which has no room for every customer's name.
  const mysql = knex.client.dialect === "mysql";
  await knex.schema.createTable("company", (table) => {
    if (mysql) table.charset("utf8mb4");
    table.increments("id");
    table.string("name", 120).notNullable();
    table.string("tagline", 255).notNullable();
    table.string("email", 190).notNullable();
    table.string("street", 190).notNullable();
    table.string("city", 120).notNullable();
    table.string("country", 2).notNullable();
    table.string("legal_note", 255).notNullable();
  });
  await knex("company").insert({
    name: "Alderpine Hosting",
    tagline: "Hosting that stays out of your way",
    email: "hello@alderpine.example",
    street: "Kadestraat 12",
    city: "1011 AB Amsterdam",
    country: "NL",
    legal_note: "Alderpine Hosting B.V. · Trade register 00000000 · VAT NL000000000B00",
  });

  await knex.schema.createTable("products", (table) => {
    if (mysql) table.charset("utf8mb4");
    table.increments("id");
    table.string("sku", 32).notNullable().unique();
    table.string("category", 60).notNullable();
    table.string("name", 120).notNullable();
    table.string("description", 255).notNullable();
    table.string("features", 255).notNullable();
    table.integer("price_cents").notNullable();
    table.integer("position").notNullable();
  });
  await knex("products").insert(products);
}

/** Prices are per month and include tax; features are separated by semicolons. */
const products = [
  ["web-s", "Web hosting", "Web Starter", "A first site, a portfolio, a club.", "1 site;10 GB SSD;Free certificate", 490],
  ["web-m", "Web hosting", "Web Business", "Shops and busy company sites.", "10 sites;50 GB SSD;Nightly backups", 1290],
  ["web-l", "Web hosting", "Web Agency", "Every client's site in one place.", "Unlimited sites;200 GB SSD;Staging copies", 2990],
  ["vps-s", "Virtual servers", "Server S", "A small machine with root access.", "2 vCPU;4 GB memory;80 GB NVMe", 990],
  ["vps-m", "Virtual servers", "Server M", "Room for an app and its database.", "4 vCPU;8 GB memory;160 GB NVMe", 1890],
  ["vps-l", "Virtual servers", "Server L", "For work that can't wait.", "8 vCPU;16 GB memory;320 GB NVMe", 3690],
  ["domain", "Add-ons", "Domain name", "Registration and DNS in one price.", "Over 200 endings;DNSSEC", 150],
  ["mail", "Add-ons", "Team mail", "Mailboxes with calendars for ten people.", "10 mailboxes;25 GB each;Spam filter", 590],
  ["backup", "Add-ons", "Offsite backup", "A second copy in another country.", "100 GB;Kept for 30 days", 390],
].map(([sku, category, name, description, features, price_cents], position) => ({
  sku,
  category,
  name,
  description,
  features,
  price_cents,
  position,
}));
