import { PgClient } from "@effect/sql-pg"
import { Clock, Effect, Schema } from "effect"
import type { RunWorker } from "../../ports/RunQueue.ts"
import { orUnavailable } from "./Database.ts"
import { counted, type HeldRuns } from "./HeldRuns.ts"
import { JobEngine, jobSchema } from "./JobEngine.ts"
import { runQueue } from "./RunJobs.ts"
import { decodeRows } from "./Values.ts"

const decodeReplicas = decodeRows(Schema.Struct({ id: Schema.String }))
const decodeOutlook = decodeRows(Schema.Struct({ in_touch: Schema.Boolean, lost: Schema.Boolean }))
const decodeTouched = Schema.decodeUnknownEffect(Schema.Struct({ settled: Schema.Array(Schema.String) }))

/** Other queues have jobs that expire, in ms. */
const superviseAnyway = 10_000

/**
 * A sign of life of this replica and of all it holds, which at the same time is when it learns what it may have missed:
 * who else lives, which of its runs are wanted stopped, and which it has lost.
 */
export const runHeartbeat = Effect.fnUntraced(function*(
  options: { readonly replica: string; readonly seconds: number },
  held: HeldRuns,
  worker: RunWorker
) {
  const sql = yield* PgClient.PgClient
  const engine = yield* JobEngine
  let others: ReadonlyArray<string> = []
  let superviseAt = 0
  /** Seconds. Silent for longer than this, all replicas together, and the database was away. */
  const unbroken = options.seconds / 2
  /** Seconds. By then everybody who was cut off by that has given a sign of life again: two heartbeats. */
  const recovered = options.seconds / 3

  /** That we live, and that replicas are in touch with the database, whichever of them it is: one may be young, or alone. */
  const show = sql`
    with contact as (
      insert into langgraph_server.contact as c (since, last) values (now(), now())
      on conflict (sole) do update set
        since = case when c.last < now() - make_interval(secs => ${unbroken}) then now() else c.since end,
        last = greatest(c.last, now())
    )
    insert into langgraph_server.replicas (id) values (${options.replica})
    on conflict (id) do update set renewed_at = now()`.pipe(orUnavailable)

  /** The other replicas that live: a handful of rows. */
  const meet = decodeReplicas(sql`
    select id
    from langgraph_server.replicas
    where id <> ${options.replica} and renewed_at > now() - make_interval(secs => ${options.seconds})`).pipe(
    Effect.map((replicas) => others = replicas.map(({ id }) => id)),
    orUnavailable
  )

  const touch = Effect.gen(function*() {
    const runs = held.all()
    if (runs.length === 0) return
    const answer = yield* engine.ask((boss, db) => boss.touch(runQueue, runs.map(({ delivery }) => delivery), { db }))
    const alive = new Set((yield* Effect.orDie(decodeTouched(answer))).settled)
    for (const run of runs) {
      // One that has just ended here has lost its job as well; nobody waits for it any more.
      if (alive.has(run.delivery.id) || !(yield* held.stop(run, { _tag: "Overtaken" }))) continue
      yield* counted("lost")
    }
    for (const { action, run_id } of yield* worker.stopRequests(runs.map(({ runId }) => runId))) {
      const run = held.find(run_id)
      if (run !== undefined) yield* held.stop(run, { _tag: "Cancelled", action })
    }
  })

  /** By pg-boss's index of live jobs: one statement, where a round of its supervision is ten. */
  const outlook = decodeOutlook(sql`
    select
      now() - c.since >= make_interval(secs => ${recovered})
        and now() - c.last <= make_interval(secs => ${unbroken}) as in_touch,
      exists (
        select
        from ${sql(jobSchema)}.job j
        where j.name = ${runQueue}
          and j.state = 'active'
          and j.heartbeat_on < now() - make_interval(secs => j.heartbeat_seconds)
      ) as lost
    from langgraph_server.contact c`).pipe(orUnavailable)

  return {
    /**
     * Interrupts nothing if the database is away: then it is so for those who would take our runs, too. Answers whether
     * one of the others is gone, and with it its claim to what only it should execute.
     */
    beat: Effect.gen(function*() {
      const before = others
      yield* show
      const now = yield* meet
      yield* touch
      return before.some((id) => !now.includes(id))
    }),
    /** Whether there was nobody else when that was asked last. */
    alone: () => others.length === 0,
    /** Asked now: one that came after our last beat may have accepted runs that only it should execute. */
    others: meet,
    /**
     * Gives what was not heard of for too long back to the queue, and answers whether there was any. Not soon after the
     * database was away: it was so for the others as well, whose runs only look lost then.
     */
    superviseOthers: Effect.gen(function*() {
      const [now] = yield* outlook
      if (now?.in_touch !== true) return false
      const at = yield* Clock.currentTimeMillis
      if (at < superviseAt && !now.lost) return false
      superviseAt = at + superviseAnyway
      yield* engine.ask((boss) => boss.supervise())
      return now.lost
    }),
    leave: sql`delete from langgraph_server.replicas where id = ${options.replica}`.pipe(orUnavailable)
  }
})
