import { Effect, Layer, Logger, Option, type Redacted } from "effect"
import { explanationView } from "../../adapters/http/ExplanationView.ts"
import type { ExplainedRun } from "../../adapters/http/RunRequests.ts"
import { UserId } from "../../domain/Principal.ts"
import { Memberships } from "../../ports/Memberships.ts"
import { RunPolicy } from "../../ports/RunPolicy.ts"
import { Storage } from "../../ports/Storage.ts"
import { settings as readSettings } from "../Config.ts"
import { databaseSettings, explainLayer } from "../Layers.ts"
import { explainRun } from "../usecases/ExplainRun.ts"
import { DatabaseAway } from "./Sync.ts"

/** Of what the command was given, that which it takes here. */
interface Given {
  readonly assistant: string
  readonly database: Option.Option<Redacted.Redacted<string>>
  readonly as: Option.Option<string>
  readonly token: Option.Option<Redacted.Redacted<string>>
}

const patience = "30 seconds"

const explained = Effect.fnUntraced(function*(given: Given, asked: typeof ExplainedRun.Type) {
  yield* (yield* Storage).awaitReady.pipe(
    Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(new DatabaseAway()) })
  )
  const { config, context, metadata } = asked
  const { overrides } = yield* RunPolicy
  const userId = UserId.make(Option.getOrElse(given.as, () => "nobody").toLowerCase())
  const principal = yield* (yield* Memberships).principal(userId)
  const caller = { principal, token: Option.getOrNull(given.token), headers: {} }
  return explanationView(
    yield* explainRun({ assistant: given.assistant, config, context, metadata, overrides }, caller)
  )
})

/** In this process, as whoever owns the database, for the person that they name. */
export const explainHere = Effect.fnUntraced(function*(given: Given, asked: typeof ExplainedRun.Type) {
  const read = yield* readSettings
  const databaseUrl = Option.orElse(given.database, () => read.databaseUrl)
  const settings = yield* databaseSettings({ ...read, databaseUrl })
  // What is wrong is in the answer; a log on the same output would make no JSON of it.
  return yield* explained(given, asked).pipe(
    Effect.provide(Layer.provideMerge(explainLayer(settings), Logger.layer([])))
  )
})
