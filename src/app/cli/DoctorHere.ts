import { Data, Duration, Effect, Option } from "effect"
import type { Agent } from "../../domain/Agent.ts"
import { doctorLayer } from "../CommandLayers.ts"
import { examineAgents } from "../usecases/ExamineAgents.ts"
import { foundAgents, type Which } from "../usecases/FoundAgents.ts"
import { healable, healAgents } from "../usecases/HealAgents.ts"
import type { Given } from "./DoctorFlags.ts"
import type { Findings } from "./DoctorReport.ts"
import { databaseReady, operatorSettings, personAs, unlogged } from "./Operator.ts"
import { bar, progress } from "./Progress.ts"

class NoSuchAgents extends Data.TaggedError("NoSuchAgents")<{ readonly ids: ReadonlyArray<string> }> {
  override get message() {
    return `No active agent has the id ${this.ids.join(", ")}`
  }
}

const allThere = (which: Which, agents: ReadonlyArray<Agent>) => {
  const there = new Set(agents.map(({ id }) => id.toLowerCase()))
  const missing = which._tag === "Agents" ? which.ids.filter((id) => !there.has(id)) : []
  return missing.length === 0 ? Effect.void : Effect.fail(new NoSuchAgents({ ids: missing }))
}

const examined = Effect.fnUntraced(function*({ as, dryRun, fix, modelTimeout, token }: Given, which: Which) {
  yield* progress("Waiting for the database …")
  yield* databaseReady
  yield* progress("Reading …")
  const fixed = fix ? yield* healAgents(which) : []
  const agents = yield* foundAgents(which)
  yield* allThere(which, agents)
  let done = 0
  yield* progress(bar(0, agents.length, "agents"))
  const chains = yield* examineAgents({
    agents,
    asked: Option.isNone(as) ? null : yield* personAs(as.value),
    token: Option.getOrNull(token),
    dryRun,
    patience: Duration.seconds(modelTimeout),
    onDone: Effect.suspend(() => progress(bar(++done, agents.length, "agents")))
  })
  return { total: agents.length, chains, leftovers: yield* healable(which), fixed } satisfies Findings
})

/** In this process, as whoever owns the database. */
export const here = Effect.fnUntraced(function*(given: Given, which: Which) {
  const settings = yield* operatorSettings(given.database)
  return yield* Effect.provide(examined(given, which), unlogged(doctorLayer(settings)))
})
