import { Data, Duration, Effect, Layer, Logger, Option } from "effect"
import type { Agent } from "../../domain/Agent.ts"
import { UserId } from "../../domain/Principal.ts"
import { Memberships } from "../../ports/Memberships.ts"
import { Storage } from "../../ports/Storage.ts"
import { settings as readSettings } from "../Config.ts"
import { databaseSettings, doctorLayer } from "../Layers.ts"
import { examineAgents } from "../usecases/ExamineAgents.ts"
import { foundAgents, type Which } from "../usecases/FoundAgents.ts"
import { healable, healAgents } from "../usecases/HealAgents.ts"
import type { Given } from "./DoctorFlags.ts"
import type { Findings } from "./DoctorReport.ts"
import { bar, progress } from "./Progress.ts"
import { DatabaseAway } from "./Sync.ts"

class NoSuchAgents extends Data.TaggedError("NoSuchAgents")<{ readonly ids: ReadonlyArray<string> }> {
  override get message() {
    return `No active agent has the id ${this.ids.join(", ")}`
  }
}

const patience = "30 seconds"

const allThere = (which: Which, agents: ReadonlyArray<Agent>) => {
  const there = new Set(agents.map(({ id }) => id.toLowerCase()))
  const missing = which._tag === "Agents" ? which.ids.filter((id) => !there.has(id)) : []
  return missing.length === 0 ? Effect.void : Effect.fail(new NoSuchAgents({ ids: missing }))
}

const examined = Effect.fnUntraced(function*({ as, dryRun, fix, modelTimeout, token }: Given, which: Which) {
  yield* progress("Waiting for the database …")
  yield* (yield* Storage).awaitReady.pipe(
    Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(new DatabaseAway()) })
  )
  yield* progress("Reading …")
  const fixed = fix ? yield* healAgents(which) : []
  const agents = yield* foundAgents(which)
  yield* allThere(which, agents)
  let done = 0
  yield* progress(bar(0, agents.length, "agents"))
  const chains = yield* examineAgents({
    agents,
    asked: Option.isNone(as) ? null : yield* (yield* Memberships).principal(UserId.make(as.value)),
    token: Option.getOrNull(token),
    dryRun,
    patience: Duration.seconds(modelTimeout),
    onDone: Effect.suspend(() => progress(bar(++done, agents.length, "agents")))
  })
  return { total: agents.length, chains, leftovers: yield* healable(which), fixed } satisfies Findings
})

/** In this process, as whoever owns the database. */
export const here = Effect.fnUntraced(function*(given: Given, which: Which) {
  const read = yield* readSettings
  const databaseUrl = Option.orElse(given.database, () => read.databaseUrl)
  const settings = yield* databaseSettings({ ...read, databaseUrl })
  // What is wrong is in the answer; a log on the same output would make no JSON of it.
  return yield* examined(given, which).pipe(
    Effect.provide(Layer.provideMerge(doctorLayer(settings), Logger.layer([])))
  )
})
