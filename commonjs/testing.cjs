"use strict";

// For a `require` that can't load ES modules, such as Jest's. Its sandbox has a process and a node:module of its own; code that
// runs in Node's main context finds the real ones. Node's own require never comes here: it takes "module-sync" in package.json.
const { runInThisContext } = require("node:vm");

const { createRequire } = runInThisContext("process").getBuiltinModule("node:module");

module.exports = { ...createRequire(__filename)("../dist/testing.js") };
