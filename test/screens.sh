#!/usr/bin/env bash
# Takes the pictures of docs/screens anew: those of the README, and every page and state that the browser tests look at, on SQLite. About 5 minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
npm run --silent build
node --import tsx test/e2e/screens.ts
mkdir -p docs/screens/states
rm -f docs/screens/states/*.png
UPGATE_SCREENSHOTS=docs/screens/states node --import ./test/support/loader.mjs --test --test-concurrency=1 --test-reporter=dot test/e2e/*.test.ts
