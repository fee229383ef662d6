#!/usr/bin/env bash
# The whole suite: unit, integration on SQLite, a real MariaDB and behind a real nginx and HAProxy, the packed package in vendors' projects, end to end in a real
# Chromium. On Debian as root what is missing is installed; elsewhere the script says what to install. Nothing is skipped.
#   test/run.sh [unit|integration|package|e2e|integration/runs ...]      default: all
# UPGATE_TEST_MYSQL_URL (mysql://root@127.0.0.1:33909/) runs the database tests on that MySQL server, too.
set -euo pipefail
cd "$(dirname "$0")/.."
suites=("${@:-unit}"); [[ $# -gt 0 ]] || suites=(unit integration package e2e)

missing=()
command -v mariadbd >/dev/null && command -v mariadb-install-db >/dev/null || missing+=(mariadb-server)
[[ -x ${CHROMIUM_PATH:-/usr/bin/chromium} ]] || missing+=(chromium)
if [[ ${suites[*]} == *integration* ]]; then
  # Debian keeps them where an ordinary user's PATH does not lead.
  PATH=$PATH:/usr/sbin
  for program in nginx haproxy zstd mydumper; do command -v "$program" >/dev/null || missing+=("$program"); done
fi
if [[ ${suites[*]} != unit && ${#missing[@]} -gt 0 ]]; then
  if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    echo "installing ${missing[*]} …" >&2
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  else
    {
      echo "The tests need a real MariaDB server (mariadbd, mariadb-install-db in the PATH) and a real Chromium,"
      echo "those of test/integration also nginx, haproxy, zstd and mydumper in the PATH, and the rights to mount a tmpfs."
      echo "Missing: ${missing[*]}"
      echo "On Debian or Ubuntu: sudo apt-get install --no-install-recommends ${missing[*]}"
      echo "Elsewhere install them as your system does; CHROMIUM_PATH names a Chromium that is not /usr/bin/chromium."
    } >&2
    exit 1
  fi
fi

failed=$(mktemp)
trap 'rm -f "$failed"' EXIT

# A file that hangs is told by its name, and fails: ten minutes are three times what the longest takes.
run_files() {
  local concurrency=$1; shift
  node --import ./test/support/loader.mjs --test --test-concurrency="$concurrency" --test-timeout=600000 \
    --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=./test/support/failed-files.mjs --test-reporter-destination="$failed" "$@"
}

# On a shared machine that stands still for seconds, one file of hundreds may fail for want of time. Where nobody watches, up to three
# such files have one more try with the machine to themselves, and are named; what fails twice fails.
again_alone() {
  local -a files
  mapfile -t files < "$failed"
  [[ -n ${CI:-} && ${#files[@]} -ge 1 && ${#files[@]} -le 3 ]] || return 1
  echo "== FAILED BESIDE OTHERS, once more alone: ${files[*]}"
  run_files 1 "${files[@]}"
  echo "== PASSED ALONE after a failure beside others: ${files[*]}"
}

npm run --silent build
for suite in "${suites[@]}"; do
  echo "== $suite"
  files=(test/"$suite".test.ts)
  [[ ! -d test/$suite ]] || files=(test/"$suite"/*.test.ts)
  # In the browser one file after the other: what a page shows while it waits is looked at, too.
  concurrency=2
  [[ $suite != e2e ]] || concurrency=1
  run_files "$concurrency" "${files[@]}" || again_alone
done
