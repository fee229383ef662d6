import "express";
import "knex";
import { createUpgate } from "upgate";

const [database, migrations] = process.argv.slice(2);
createUpgate({ version: "1.0.0", database, migrations });
process.exit(); // before the first reading: that is the database's time
