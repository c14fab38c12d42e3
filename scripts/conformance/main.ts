import { NodeServices } from "@effect/platform-node"
import { Effect, Logger, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { writeFile } from "node:fs/promises"
import { EmbeddedPostgres } from "../../src/adapters/embedded-postgres/EmbeddedPostgres.ts"
import { runProgram } from "../../src/app/Program.ts"
import { scriptedModel } from "../../test/support/ScriptedModel.ts"
import { bad } from "../support/Terminal.ts"
import { compare, document } from "./Compatibility.ts"
import { throughline } from "./OwnServer.ts"
import { play, type Result } from "./Play.ts"
import { referenceServer } from "./Reference.ts"
import { print } from "./Results.ts"
import type { Need, Row } from "./Row.ts"
import { groups, suite } from "./Suite.ts"
import { startWebhooks } from "./Webhooks.ts"
import type { Sdk, Server } from "./World.ts"

const text = (name: string, description: string) =>
  Flag.optional(Flag.String(name).pipe(Flag.withDescription(description)))

const flags = {
  url: text("url", "a server to be asked, which has the graphs of test/fixtures/graphs; without it one is started"),
  token: text("token", "who asks"),
  otherToken: text("other-token", "somebody of another organisation"),
  adminToken: text("admin-token", "an admin of the first one's organisation"),
  toolAssistant: text("tool-assistant", "an assistant with the tool search_laws; without it these rows are skipped"),
  noModel: Flag.Boolean("no-model").pipe(
    Flag.withDescription("its model is not the scripted one: rows that need it are skipped"),
    Flag.withDefault(false)
  ),
  sdk: Flag.Literals("sdk", ["1", "2", "both"]).pipe(Flag.withDefault("both" as const)),
  group: text("group", `one of ${groups.join(", ")}`),
  row: text("row", "rows whose name has this in it"),
  slow: Flag.Boolean("slow").pipe(Flag.withDescription("also what takes a minute"), Flag.withDefault(false)),
  json: text("json", "a file for the results"),
  reference: Flag.Boolean("reference").pipe(
    Flag.withDescription("the official server too; both together make the table in docs/compatibility.md"),
    Flag.withDefault(false)
  ),
  onlyReference: Flag.Boolean("only-reference").pipe(
    Flag.withDescription("the official server alone"),
    Flag.withDefault(false)
  )
}

const webhooks = Effect.acquireRelease(Effect.promise(startWebhooks), ({ close }) => Effect.promise(close))

/** A server that somebody else has started. */
const given = (
  url: string,
  options: Readonly<Record<"token" | "otherToken" | "adminToken" | "toolAssistant", Option.Option<string>>>,
  noModel: boolean
): Server => {
  const { adminToken, otherToken, token, toolAssistant } = options
  const tokens = { user: token, other: otherToken, admin: adminToken }
  const has = new Set<Need>(noModel ? [] : ["model"])
  if (Option.isSome(otherToken)) has.add("other")
  if (Option.isSome(adminToken)) has.add("admin")
  if (Option.isSome(toolAssistant) && !noModel) has.add("tool")
  return {
    url: url.replace(/\/+$/, ""),
    tokens: Object.fromEntries(
      Object.entries(tokens).flatMap(([who, token]) => Option.isSome(token) ? [[who, token.value]] : [])
    ),
    has,
    ...(Option.isSome(toolAssistant) && { toolAssistant: toolAssistant.value })
  }
}

const needsOthers = ({ needs = [] }: Row) => needs.includes("other") || needs.includes("admin")

/** The reference reads them out of TypeScript's types, once, which takes it many seconds: no row is to wait for that. */
const readSchemas = async (url: string) => {
  for (const graph of ["agent", "nested", "typed", "echo"]) await fetch(`${url}/assistants/${graph}/schemas`)
}

/** Users are told apart by an auth handler, which writes them into all metadata: other rows are played without it. */
const playReferenceWith = Effect.fnUntraced(
  function*(guarded: boolean, sdks: ReadonlyArray<Sdk>, rows: ReadonlyArray<Row>) {
    const model = yield* scriptedModel
    const { hook } = yield* webhooks
    const { url } = yield* referenceServer({ modelUrl: model.url, guarded })
    const server: Server = {
      url,
      tokens: guarded ? { user: "user", other: "other", admin: "admin" } : {},
      hook,
      has: new Set(["model", "tool", "webhooks", ...(guarded ? ["other", "admin"] as const : [])])
    }
    return yield* Effect.promise(async () => {
      if (!guarded) await readSchemas(url)
      return play(server, sdks, rows)
    })
  },
  Effect.scoped
)

const playReference = Effect.fnUntraced(function*(sdks: ReadonlyArray<Sdk>, rows: ReadonlyArray<Row>) {
  const results: Array<Result> = []
  for (const guarded of [false, true]) {
    const chosen = rows.filter((row) => needsOthers(row) === guarded)
    if (chosen.length > 0) results.push(...(yield* playReferenceWith(guarded, sdks, chosen)))
  }
  return results
})

const playOurs = Effect.fnUntraced(
  function*(sdks: ReadonlyArray<Sdk>, rows: ReadonlyArray<Row>) {
    const model = yield* scriptedModel
    const { hook } = yield* webhooks
    const server = yield* throughline(model.url, hook)
    return yield* Effect.promise(() => play(server, sdks, rows))
  },
  (effect) => Effect.scoped(effect).pipe(Effect.provide(EmbeddedPostgres.layer({ fsync: false, maxConnections: 100 })))
)

const conformance = Command.make(
  "conformance",
  flags,
  Effect.fnUntraced(function*({ group, json, noModel, onlyReference, reference, row, sdk, slow, url, ...options }) {
    const sdks: ReadonlyArray<Sdk> = sdk === "both" ? ["1", "2"] : [sdk]
    const rows = suite.filter((each) =>
      (slow || each.slow !== true)
      && (Option.isNone(group) || each.group === group.value)
      && (Option.isNone(row) || each.name.includes(row.value))
    )
    const kept: Record<string, ReadonlyArray<Result>> = {}
    const tell = (title: string, results: ReadonlyArray<Result>) => {
      print(title, results)
      kept[title] = results
      return results
    }
    const theirs = reference || onlyReference
      ? tell("The reference", yield* playReference(sdks, rows))
      : []
    const ours = onlyReference ? [] : tell(
      "Throughline",
      Option.isSome(url)
        ? yield* Effect.promise(() => play(given(url.value, options, noModel), sdks, rows))
        : yield* playOurs(sdks, rows)
    )
    if (Option.isSome(json)) yield* Effect.promise(() => writeFile(json.value, JSON.stringify(kept, null, 2)))
    if (ours.some(({ outcome }) => outcome === "failed")) process.exitCode = 1
    if (!reference) return
    const comparison = compare(rows, ours, theirs)
    for (const problem of comparison.problems) console.error(bad(problem))
    const whole = Option.isNone(group) && Option.isNone(row) && sdk === "both"
    if (comparison.problems.length > 0) process.exitCode = 1
    else if (whole) yield* Effect.promise(() => document(comparison))
    console.log(`\n${comparison.alike} alike, ${comparison.differences.length} differences with a reason.`)
  })
).pipe(Command.withDescription("Whether a server does what stock clients rely on"))

runProgram(Command.run(conformance, { version: "0.1.0" }).pipe(Effect.provide([NodeServices.layer, Logger.layer([])])))
