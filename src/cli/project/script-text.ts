/** Comments become blanks, so that positions and line numbers stay. */
export function withoutComments(text: string): string {
  return text.replace(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\/.*|\/\*[^]*?\*\//g,
    (found, literal: string | undefined) => literal ?? found.replace(/[^\n]/g, " "),
  );
}

/** 1-based. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

const IMPORTS = /^(?:import|export)\b[^;"'`()]*?["']([^"'\n]+)["'][^\n]*$/gm;
const CALLS = /\b(?:require|import)\(\s*["']([^"'\n]+)["']\s*\)/g;

export function usesImportSyntax(code: string): boolean {
  return /^import\s[^(]*?["'][^"'\n]+["']|^export\s+(?:default|const|let|class|(?:async\s+)?function|\{)/m.test(code);
}

/** The relative modules that a text imports or requires, in its order. */
export function relativeImports(code: string): string[] {
  const found = [...code.matchAll(IMPORTS), ...code.matchAll(CALLS)].toSorted((a, b) => a.index - b.index);
  return [...new Set(found.map((match) => match[1] as string))].filter((specifier) => /^\.{1,2}(?:\/|$)/.test(specifier));
}

/** Where the import declarations at the top end: the last line of the last one; null without any. */
export function lastImportLine(code: string): number | null {
  const last = [...code.matchAll(/^import\s[^;"'`()]*?["'][^"'\n]+["'][^\n]*$/gm)].at(-1);
  return last ? lineAt(code, last.index + last[0].length) : null;
}

/** Where an Express application is made. */
export interface ExpressCreation {
  /** As the text names it: `app`, `this.app`. */
  readonly variable: string;
  /** 1-based; the last line of the statement. */
  readonly line: number;
  readonly indent: string;
}

/** The `const app = express()` of a text without comments: the one that listens, else the first. */
export function findExpress(code: string): ExpressCreation | null {
  const found = [...expressCallees(code)].flatMap((callee) => {
    const statement = new RegExp(
      `^([ \\t]*)(?:export\\s+)?(?:(?:const|let|var)\\s+)?([\\w$.]+)(?:\\s*:\\s*[\\w$.<> ]+)?\\s*=\\s*${callee}\\(\\s*\\)`,
      "gm",
    );
    return [...code.matchAll(statement)].map((match) => ({
      indent: match[1] as string,
      variable: match[2] as string,
      index: match.index,
      line: endOfStatement(code, match.index + match[0].length),
    }));
  });
  const inOrder = found.toSorted((a, b) => a.index - b.index);
  const chosen = inOrder.find(({ variable }) => listens(code, variable)) ?? inOrder[0];
  return chosen ? { variable: chosen.variable, line: chosen.line, indent: chosen.indent } : null;
}

function expressCallees(code: string): Set<string> {
  const names = [
    ...code.matchAll(/^\s*import\s+(?:\*\s+as\s+)?([\w$]+)[^;"']*?from\s*["']express["']/gm),
    ...code.matchAll(/\b([\w$]+)(?:\s*:\s*[\w$.]+)?\s*=\s*(?:require|await import)\(\s*["']express["']\s*\)(?!\s*\()/g),
  ].map((match) => (match[1] as string).replaceAll("$", "\\$"));
  return new Set([...names, `require\\(\\s*["']express["']\\s*\\)`]);
}

function listens(code: string, variable: string): boolean {
  const name = variable.replace(/[$.]/g, "\\$&");
  return new RegExp(`(?<![\\w$.])${name}\\.listen\\(|createServer\\([^)]*(?<![\\w$.])${name}\\s*\\)`).test(code);
}

/** Follows a chain (`express()` newline `.use(…)`) and a list of declarations to the line that ends them. */
function endOfStatement(code: string, index: number): number {
  const lines = code.split("\n");
  let line = lineAt(code, index);
  for (; line < lines.length; line++) {
    const [text, next] = [(lines[line - 1] as string).trimEnd(), lines[line] as string];
    if (text.endsWith(";") || !(/[,.([{]$/.test(text) || /^\s*[.)\]}]/.test(next))) break;
  }
  return line;
}
