import type { VersionStateKind } from "../core/version-state.js";

/** The verb that does what the state's remedy asks for; null where it takes something else, or nothing. */
export function nextVerb(kind: VersionStateKind): string | null {
  switch (kind) {
    case "fresh":
    case "behind":
      return "upgate up";
    case "interrupted":
      return "upgate resume";
    case "failed":
      return "upgate retry";
    case "current":
    case "unversioned":
    case "ahead":
    case "restart":
    case "unsupported":
    case "running":
    case "unknown":
      return null;
  }
}

/** The state's remedy, said for somebody at a shell. */
export function remedyHere({ kind, remedy }: { readonly kind: VersionStateKind; readonly remedy: string }): string {
  const verb = nextVerb(kind);
  return verb === null ? remedy : `${remedy} Or run: ${verb}`;
}
