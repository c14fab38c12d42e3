import type { PgClient } from "@effect/sql-pg"
import { Clock, Deferred, Effect, Latch, Option, PubSub, Schema } from "effect"
import { UserId } from "../../domain/Principal.ts"
import { RunId } from "../../domain/Run.ts"
import type { ThreadId } from "../../domain/Thread.ts"
import type { BegunRun } from "../../ports/ThreadRuns.ts"
import { orUnavailable } from "./Database.ts"
import type { Signal, Signals } from "./Signals.ts"
import { decodeRows } from "./Values.ts"

/** How many threads one statement looks at, and how many runs of each it takes. */
const together = 500
const runsAtOnce = 50
/** What begins within this time, in ms, is found together; so is what begins while looking takes long. */
const gathering = 20
/** How often is looked for what we were not told, in ms; and while we don't hear. */
const floor = 2_000
const deafFloor = 300
/** Of how many runs is remembered that they are no news any more. */
const remembered = 10_000

/** Somebody who has read a thread to its end. */
interface Follower {
  readonly threadId: ThreadId
  readonly owner: UserId
  readonly after: number
  /** None: the thread is gone. */
  readonly found: Deferred.Deferred<Option.Option<ReadonlyArray<BegunRun>>>
}

const decodeFound = decodeRows(Schema.Struct({
  place: Schema.Int,
  there: Schema.Boolean,
  run_id: Schema.NullOr(RunId),
  nth: Schema.NullOr(Schema.Int),
  graph_id: Schema.NullOr(Schema.String),
  started: Schema.NullOr(Schema.Number)
}))

/** In ms, whole ones. */
export const startedAt = "floor(extract(epoch from r.started_at) * 1000)::float8"

/**
 * Everybody here who waits for a thread's next run. One fiber looks for all of them: by runs_nth, when a run that we have
 * not heard of writes its first events anywhere, and now and then.
 */
export const threadFollowers = Effect.fnUntraced(function*(sql: PgClient.PgClient, signals: Signals["Service"]) {
  const followers = new Set<Follower>()
  const wake = yield* Latch.make()
  const known = new Set<RunId>()

  const find = (some: ReadonlyArray<Follower>) =>
    decodeFound(sql`
      select w.place::int as place, t.id is not null as there, r.run_id, r.nth, r.graph_id, r.started
      from unnest(
          ${some.map(({ threadId }) => threadId)}::uuid[],
          ${some.map(({ owner }) => owner)}::text[],
          ${some.map(({ after }) => after)}::int[]
        ) with ordinality as w (thread_id, owner_id, after, place)
        left join langgraph_server.threads t on t.id = w.thread_id and t.owner_id = w.owner_id
        left join lateral (
          select r.id as run_id, r.nth, r.graph_id, ${sql.literal(startedAt)} as started
          from langgraph_server.runs r
          where r.thread_id = t.id and r.nth > w.after
          order by r.nth
          limit ${runsAtOnce}
        ) r on true
      order by w.place, r.nth`)

  const look = Effect.fnUntraced(function*(some: ReadonlyArray<Follower>) {
    const gone = new Set(some)
    const begun = new Map<Follower, Array<BegunRun>>()
    for (const { graph_id, nth, place, run_id, started, there } of yield* find(some)) {
      const follower = some[place - 1]
      if (follower === undefined) continue
      if (there) gone.delete(follower)
      if (run_id === null || nth === null || graph_id === null) continue
      const runs = begun.get(follower) ?? []
      begun.set(follower, runs)
      runs.push({ run_id, nth, graph_id, started: started ?? 0 })
    }
    for (const follower of some) {
      const runs = begun.get(follower)
      if (runs === undefined && !gone.has(follower)) continue
      followers.delete(follower)
      yield* Deferred.succeed(follower.found, Option.fromNullishOr(runs))
    }
  })

  const work = Effect.gen(function*() {
    let took = 0
    while (true) {
      yield* wake.await
      // At most a fifth of a connection's time, however much begins and however many follow.
      yield* Effect.sleep(Math.max(gathering, 4 * took))
      wake.closeUnsafe()
      const started = yield* Clock.currentTimeMillis
      const all = [...followers]
      for (let at = 0; at < all.length; at += together) {
        // What is not found now is looked for again.
        yield* orUnavailable(look(all.slice(at, at + together)).pipe(Effect.timeout("15 seconds"))).pipe(
          Effect.catchCause((cause) => Effect.logDebug("Runs of followed threads were not looked for", cause))
        )
      }
      took = (yield* Clock.currentTimeMillis) - started
    }
  })

  const wakeUp = () => {
    if (followers.size > 0) wake.openUnsafe()
  }

  const hear = (heard: Signal) => {
    if (heard._tag === "Listening") return wakeUp()
    if (heard._tag !== "News") return
    const fresh = heard.runIds.filter((runId) => !known.has(runId))
    if (known.size > remembered) known.clear()
    for (const runId of fresh) known.add(runId)
    if (fresh.length > 0) wakeUp()
  }

  const poll = Effect.gen(function*() {
    yield* Effect.sleep((yield* signals.listening) ? floor : deafFloor)
    wakeUp()
  })

  const heard = yield* signals.subscribe
  yield* Effect.forkScoped(work)
  yield* Effect.forkScoped(Effect.forever(Effect.map(PubSub.take(heard), hear)))
  yield* Effect.forkScoped(Effect.forever(poll))

  /** The runs after one of a thread's; waits until there is one. */
  return (threadId: ThreadId, owner: UserId, after: number) =>
    Effect.acquireUseRelease(
      Effect.map(Deferred.make<Option.Option<ReadonlyArray<BegunRun>>>(), (found): Follower => {
        const follower = { threadId, owner, after, found }
        followers.add(follower)
        wake.openUnsafe()
        return follower
      }),
      ({ found }) => Deferred.await(found),
      (follower) => Effect.sync(() => void followers.delete(follower))
    )
})
