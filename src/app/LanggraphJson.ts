import { Config, Effect, Option, Schema, SchemaIssue } from "effect"
import { existsSync, readFileSync } from "node:fs"
import { dirname, resolve } from "node:path"
import { parseEnv } from "node:util"
import type { ComponentSource } from "../adapters/langgraph-ui/ComponentSource.ts"
import type { GraphFile } from "../adapters/langgraph/GraphFile.ts"
import { InvalidSetting } from "./InvalidSetting.ts"

const optional = Schema.optionalKey

/** `./file.ts:export`; without an export it is the file's default. */
const GraphPath = Schema.String.check(
  Schema.makeFilter((path) =>
    /^[^:]+\.[cm]?[jt]s(:[\w$]+)?$/.test(path) || `${JSON.stringify(path)} is no path like "./graph.ts:graph"`
  )
)

/** What this server reads of the file; other keys are other tools'. */
const LanggraphFile = Schema.Struct({
  graphs: optional(
    Schema.Record(
      Schema.String,
      Schema.Union([GraphPath, Schema.Struct({ path: GraphPath, description: optional(Schema.String) })])
    )
  ),
  ui: optional(Schema.Record(Schema.NonEmptyString, Schema.NonEmptyString)),
  ui_config: optional(Schema.Struct({ shared: optional(Schema.Array(Schema.NonEmptyString)) })),
  env: optional(
    Schema.Union([Schema.String, Schema.Array(Schema.String), Schema.Record(Schema.String, Schema.String)])
  ),
  store: optional(Schema.Struct({
    ttl: optional(Schema.Struct({
      default_ttl: optional(Schema.NullOr(Schema.Finite.check(Schema.isGreaterThan(0)))),
      refresh_on_read: optional(Schema.Boolean),
      sweep_interval_minutes: optional(Schema.NullOr(Schema.Finite.check(Schema.isGreaterThan(0))))
    })),
    index: optional(Schema.Struct({
      embed: Schema.NonEmptyString,
      dims: Schema.Int.check(Schema.isGreaterThan(0)),
      fields: optional(Schema.Array(Schema.NonEmptyString))
    }))
  })),
  http: optional(Schema.Struct({
    cors: optional(Schema.Struct({
      allow_origins: optional(Schema.Array(Schema.String)),
      allow_origin_regex: optional(Schema.String.check(Schema.makeFilter(isPattern))),
      allow_methods: optional(Schema.Array(Schema.String)),
      allow_headers: optional(Schema.Array(Schema.String)),
      allow_credentials: optional(Schema.Boolean),
      expose_headers: optional(Schema.Array(Schema.String)),
      max_age: optional(Schema.Finite)
    }))
  }))
})

function isPattern(text: string): true | string {
  try {
    RegExp(text)
    return true
  } catch {
    return "no regular expression"
  }
}

type Read = typeof LanggraphFile.Type

/** What a `langgraph.json` says; without one, nothing. */
export interface LanggraphJson {
  readonly graphs: ReadonlyArray<GraphFile>
  readonly components: ReadonlyArray<ComponentSource>
  readonly env: Readonly<Record<string, string>>
  readonly store: NonNullable<Read["store"]>
  readonly cors: NonNullable<NonNullable<Read["http"]>["cors"]>
}

const nothing: LanggraphJson = { graphs: [], components: [], env: {}, store: {}, cors: {} }

const usual = "./langgraph.json"

/** Where the file is: where `LANGGRAPH_CONFIG_PATH` says, or at its usual place if there is one. */
const place = Effect.gen(function*() {
  const given = yield* Config.option(Config.String("LANGGRAPH_CONFIG_PATH"))
  return Option.orElse(given, () => existsSync(usual) ? Option.some(usual) : Option.none())
}).pipe(Effect.mapError(() => new InvalidSetting({ variable: "LANGGRAPH_CONFIG_PATH", expected: "a file's path" })))

const reasonOf = (error: unknown) => error instanceof Error ? error.message : String(error)

const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1()

const parse = Effect.fnUntraced(function*(path: string) {
  const text = yield* Effect.try({
    try: () => readFileSync(path, "utf8"),
    catch: (error) =>
      new InvalidSetting({ variable: "LANGGRAPH_CONFIG_PATH", expected: `a file that can be read; ${reasonOf(error)}` })
  })
  const json = yield* Effect.try({
    try: (): unknown => JSON.parse(text),
    // The parser's own words may quote what is in there.
    catch: (error) => {
      const [where = ""] = / \(line \d+ column \d+\)/.exec(reasonOf(error)) ?? []
      return new InvalidSetting({ variable: path, expected: `JSON throughout${where}` })
    }
  })
  return yield* Schema.decodeUnknownEffect(LanggraphFile)(json).pipe(
    Effect.mapError(({ issue }) => {
      const [first] = issuesOf(issue).issues
      const key = (first?.path ?? []).map((step) => String(typeof step === "object" ? step.key : step)).join(".")
      const expected = `what a langgraph.json has there; ${first?.message ?? "it is not"}`
      return new InvalidSetting({ variable: key === "" ? path : `${key} in ${path}`, expected })
    })
  )
})

const graphFiles = Effect.fnUntraced(function*(path: string, graphs: NonNullable<Read["graphs"]>) {
  // Synced agents run on it: what they would then run on must not depend on a file that happens to lie there.
  if (Object.hasOwn(graphs, "agent")) {
    const expected = "called something else: `agent` is the built-in graph, which synced agents run on"
    return yield* new InvalidSetting({ variable: `graphs.agent in ${path}`, expected })
  }
  return Object.entries(graphs).map(([name, graph]): GraphFile => {
    const [file = "", exported = "default"] = (typeof graph === "string" ? graph : graph.path).split(":")
    return { name, file: resolve(dirname(path), file), project: resolve(dirname(path)), exported }
  })
})

const componentSources = (
  file: string,
  ui: NonNullable<Read["ui"]>,
  { shared = [] }: NonNullable<Read["ui_config"]>
) => {
  const project = resolve(dirname(file))
  return Object.entries(ui).map(([name, path]): ComponentSource => ({ name, path, project, shared }))
}

/** Variables by name, or in a file. A list says only which must be there, for a tool that builds images. */
const variables = (path: string, env: NonNullable<Read["env"]>) => {
  if (Array.isArray(env)) return Effect.succeed({})
  if (typeof env !== "string") return Effect.succeed(env)
  const file = resolve(dirname(path), env)
  return Effect.try({
    try: () => defined(parseEnv(readFileSync(file, "utf8"))),
    catch: (error) =>
      new InvalidSetting({ variable: `env in ${path}`, expected: `a file that can be read; ${reasonOf(error)}` })
  })
}

const defined = (env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(env).flatMap(([key, value]) => value === undefined ? [] : [[key, value]]))

/** The operator's own graphs and what goes with them. A malformed file fails with one line that names the problem. */
export const langgraphJson: Effect.Effect<LanggraphJson, InvalidSetting> = Effect.gen(function*() {
  const path = yield* place
  if (Option.isNone(path)) return nothing
  const { env = {}, graphs = {}, http = {}, store = {}, ui = {}, ui_config = {} } = yield* parse(path.value)
  return {
    graphs: yield* graphFiles(path.value, graphs),
    components: componentSources(path.value, ui, ui_config),
    env: yield* variables(path.value, env),
    store,
    cors: http.cors ?? {}
  }
})
