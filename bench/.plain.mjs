import express from "express";
import { createServer } from "node:http";
const app = express();
app.get("/", (q, r) => {
  r.send("Hello World");
});
const s = createServer(app);
s.listen(0, "127.0.0.1", () => process.send({ port: s.address().port }));
process.on("disconnect", () => process.exit());
