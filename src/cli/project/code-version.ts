import { codeVersionProblem } from "../../core/version.js";

/** What a project without a usable version begins with. */
const FIRST_VERSION = "1.0.0";

export interface ProjectVersion {
  readonly version: string;
  /** Null when package.json's version is the code version; else why it can't be. */
  readonly problem: string | null;
}

/** The code version that package.json gives, or the first one that does. */
export function projectVersion(version: string | null): ProjectVersion {
  if (version === null) return { version: FIRST_VERSION, problem: "package.json has no version" };
  if (codeVersionProblem(version) === null) return { version, problem: null };
  const plain = version.replace(/^[v=\s]+/, "").split("+")[0] as string;
  return {
    version: codeVersionProblem(plain) === null ? plain : FIRST_VERSION,
    problem: `package.json's version "${version}" ${codeVersionProblem(version)}`,
  };
}
