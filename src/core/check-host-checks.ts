import { CHECK_IDS } from "./check-ids.js";
import type { HostCheck } from "./host-check.js";
import { Checker } from "./option-checker.js";

const MEMBERS = ["id", "title", "group", "docsUrl", "run"] as const satisfies readonly (keyof HostCheck)[];
const LONGEST_ID = 40;
const LONGEST_GROUP = 60;

/** The option `checks`: every problem goes to `root`. */
export function parseHostChecks(root: Checker): readonly HostCheck[] {
  const value = root.input["checks"];
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    root.problem("checks", "must be an array of objects with id and run");
    return [];
  }
  const taken = new Set<string>(CHECK_IDS);
  for (const [index, check] of value.entries()) {
    if (typeof check !== "object" || check === null) root.problem(`checks[${index}]`, "must be an object with id and run");
    else checkOne(new Checker(`${root.prefix}checks[${index}].`, check as Record<string, unknown>, root.problems), taken);
  }
  return value as HostCheck[];
}

function checkOne(check: Checker, taken: Set<string>): void {
  check.known(MEMBERS);
  const { id, run } = check.input;
  if (typeof id !== "string" || id.length > LONGEST_ID || !/^[a-z][a-z\d]*(?:-[a-z\d]+)*$/.test(id))
    check.problem("id", `must be 1 to ${LONGEST_ID} lower-case letters and digits, in words joined by hyphens`);
  else if (taken.has(id)) check.problem("id", `must be another one: ${id} is taken`);
  else taken.add(id);
  check.optionalString("title");
  const group = check.optionalString("group");
  if (group !== undefined && group.length > LONGEST_GROUP) check.problem("group", `must have ${LONGEST_GROUP} characters at most`);
  const docsUrl = check.optionalString("docsUrl");
  if (docsUrl !== undefined && !(URL.canParse(docsUrl) && new URL(docsUrl).protocol === "https:"))
    check.problem("docsUrl", `must be an https address, got ${JSON.stringify(docsUrl)}`);
  if (typeof run !== "function") check.problem("run", "must be a function");
}
