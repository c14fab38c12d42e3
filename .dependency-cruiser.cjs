/** Dependencies point inwards: domain ← ports ← adapters and app. docs/architecture.md says why. */
const effect = "(^|/)node_modules/effect/"
/** Layers, configuration, entry points: every file of app whose business is to put parts together. */
const composition = "^src/app/(throughline|cli/|Parts|SharedLayers|CommandLayers|ServerLayer|ServerSettings|Demo|Config)"
const langchainCore = "(^|/)node_modules/@langchain/core/"

module.exports = {
  forbidden: [
    {
      name: "domain-is-pure",
      comment: "The domain imports itself and effect, nothing else: no adapter, no port, no node module.",
      severity: "error",
      from: { path: "^src/domain/" },
      to: { pathNot: ["^src/domain/", effect] }
    },
    {
      name: "ports-are-only-shapes",
      comment: "A port imports the domain and effect; of LangChain it may name the type of a tool.",
      severity: "error",
      from: { path: "^src/ports/" },
      to: { pathNot: ["^src/(domain|ports)/", effect, langchainCore] }
    },
    {
      name: "adapters-do-not-know-each-other",
      comment: "Two adapters meet in app, through a port.",
      severity: "error",
      from: { path: "^src/adapters/([^/]+)/" },
      to: { path: "^src/adapters/", pathNot: "^src/adapters/$1/" }
    },
    {
      name: "only-app-composes",
      comment: "An adapter may drive a use case, never the composition (layers, configuration, entry points).",
      severity: "error",
      from: { path: "^src/adapters/" },
      to: { path: composition }
    },
    {
      name: "use-cases-know-ports-only",
      comment: "A use case imports the domain, ports and effect: what runs them is not its business.",
      severity: "error",
      from: { path: "^src/app/usecases/" },
      to: { pathNot: ["^src/(domain|ports|app)/", effect] }
    },
    {
      name: "use-cases-are-composed",
      comment: "A use case does not know the composition that it is part of.",
      severity: "error",
      from: { path: "^src/app/usecases/" },
      to: { path: composition }
    },
    {
      name: "everything-resolves",
      comment: "An import that cannot be resolved is one that no rule above has looked at.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true }
    },
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } }
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    // dependency-cruiser cannot load TypeScript 7's compiler; swc reads type-only and dynamic imports just as well.
    parser: "swc",
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "types"] }
  }
}
