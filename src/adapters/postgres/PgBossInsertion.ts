import { PgClient } from "@effect/sql-pg"
import { Effect, Option } from "effect"
import { JobEngine } from "./JobEngine.ts"
import { JobInsertion } from "./JobInsertion.ts"
import { jobsOf, runQueue } from "./RunJobs.ts"
import { Signal, Signals } from "./Signals.ts"

/** The id of a job that is never inserted. */
const unheardOf = "00000000-0000-0000-0000-000000000000"

/**
 * pg-boss inserts jobs that it is given as JSON. We let it say how, once, and put in the place of its parameter what makes
 * the same JSON of rows of ours. `ready`: other replicas know of this one, so that jobs may be its own.
 */
export const pgBossInsertion = Effect.fnUntraced(function*(ready: Effect.Effect<boolean>) {
  const sql = yield* PgClient.PgClient
  const engine = yield* JobEngine
  const signals = yield* Signals
  let known: { readonly before: string; readonly after: string } | undefined

  const ask = Effect.gen(function*() {
    const texts = yield* engine.statements((boss, db) => boss.send(runQueue, {}, { id: unheardOf, db }))
    const [before, after, ...more] = texts.join(";").split("$1")
    if (before === undefined || after === undefined || more.length > 0) {
      return yield* Effect.die(`pg-boss inserts a job in a way of its own: ${texts.join(";")}`)
    }
    return { before, after }
  })

  return JobInsertion.of({
    of: Effect.fnUntraced(function*(runs) {
      if (!(yield* ready)) return Option.none()
      known ??= yield* ask
      return Option.some(sql.literal(known.before + jobsOf(runs) + known.after))
    }, Effect.catch(() => Effect.succeedNone)),
    inserted: sql.afterCommit(signals.hint([Signal.Wake()]))
  })
})
