/** A module's default export. One that was compiled from ES modules to CommonJS has it one level further down. */
export function defaultExport(module: { readonly default?: unknown }): unknown {
  const { default: exported } = module;
  const isCompiled = typeof exported === "object" && exported !== null && "__esModule" in exported && "default" in exported;
  return isCompiled ? exported.default : exported;
}
