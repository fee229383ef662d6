import { isUpgateError } from "../core/errors.js";

/** Puts a failed test's message among the differences and goes on without a result. */
export async function noting<T>(differences: string[], attempt: () => Promise<T>): Promise<T | null> {
  try {
    return await attempt();
  } catch (error) {
    if (!isUpgateError(error, "ERR_UPGATE_TEST_FAILED")) throw error;
    differences.push(error.message);
    return null;
  }
}
