import { UpgateError } from "../core/errors.js";
import type { VersionState } from "../core/version-state.js";
import type { UpgradeStatus } from "../upgrade/status.js";
import { Upgrader } from "../upgrade/upgrader.js";

/** Tells the state and an empty plan; everything that would change a database rejects with `ERR_UPGATE_STATE`. */
export function refusingUpgrader(state: VersionState): Upgrader {
  const { kind, codeVersion, installedVersion } = state;
  const status = async (): Promise<UpgradeStatus> => ({ state: { kind, codeVersion, installedVersion }, run: null });
  const refusals = Object.getOwnPropertyNames(Upgrader.prototype)
    .filter((name) => name !== "constructor")
    .map((name) => [name, () => Promise.reject(refusal(name))] as const);
  // Not constructed: the real one's first act would be to ask for a database.
  const upgrader = Object.create(Upgrader.prototype) as Upgrader;
  return Object.assign(upgrader, Object.fromEntries(refusals), {
    state: async () => state,
    status,
    statusOf: status,
    plan: async () => [],
    close: async () => undefined,
  });
}

function refusal(method: string): UpgateError {
  return new UpgateError("ERR_UPGATE_STATE", `upgrader.${method}() needs a database, and an open gate for tests has none to upgrade.`, {
    remedy: "Test upgrades with testUpgrade() of upgate/testing.",
  });
}
