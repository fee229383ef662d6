#!/usr/bin/env bash
# The suites under several releases of Node, each taken from its package on npm, beside the one that runs here.
#   test/matrix.sh [20 22.12.0 ...] [suite ...]      default: 20 22 24 26, and what depends on Node
# Ends with a table; fails when one suite has failed, whose log it names.
set -euo pipefail
cd "$(dirname "$0")/.."

versions=() suites=()
for argument in "$@"; do
  if [[ $argument =~ ^[0-9]+(\.[0-9]+)*$ ]]; then versions+=("$argument"); else suites+=("$argument"); fi
done
[[ ${#versions[@]} -gt 0 ]] || versions=(20 22 24 26)
[[ ${#suites[@]} -gt 0 ]] || suites=(unit integration/runs integration/serve integration/states package/esm-libsql package/commonjs)

cache=${XDG_CACHE_HOME:-$PWD/node_modules/.cache}/upgate-node
mkdir -p "$cache"
binaries=$(node -p '`node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`')
table=$(printf '%-10s  %-24s  %-6s  %5s' node suite result s)
failed=0

for version in "${versions[@]}"; do
  folder=$cache/$version
  mkdir -p "$folder"
  npm install --silent --prefix "$folder" --no-save --no-package-lock --no-audit --no-fund "$binaries@$version"
  bin=$folder/node_modules/$binaries/bin
  exact=$("$bin/node" -p process.versions.node)
  for suite in "${suites[@]}"; do
    echo "== Node $exact, $suite" >&2
    log=$cache/$exact-${suite//\//-}.log
    start=$SECONDS
    if PATH=$bin:$PATH bash test/run.sh "$suite" >"$log" 2>&1; then
      result=passed
    else
      result=FAILED failed=1
      tail -n 40 "$log" >&2
      echo "The whole log: $log" >&2
    fi
    table+=$'\n'$(printf '%-10s  %-24s  %-6s  %5d' "$exact" "$suite" "$result" $((SECONDS - start)))
  done
done
echo "$table"
exit "$failed"
