import { PgClient } from "@effect/sql-pg"
import { Clock, Effect, Schema } from "effect"
import type { RunWorker } from "../../ports/RunQueue.ts"
import { orUnavailable } from "./Database.ts"
import { counted, type HeldRuns } from "./HeldRuns.ts"
import { JobEngine, jobSchema } from "./JobEngine.ts"
import { runQueue } from "./RunJobs.ts"
import { decodeRows } from "./Values.ts"

const decodeReplicas = decodeRows(Schema.Struct({ id: Schema.String }))
const decodeTouched = Schema.decodeUnknownEffect(Schema.Struct({ settled: Schema.Array(Schema.String) }))

/** Other queues have jobs that expire, in ms. */
const superviseAnyway = 10_000

/** By then everybody who was cut off together with us has given a sign of life as well. */
const beatsInTouch = 3

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
  let inTouch = 0
  let lastBeat = 0
  let superviseAt = 0
  /** Longer than this between two of them, and the database was away, or this process was frozen. */
  const unbroken = options.seconds * 1000 / 2

  const show = sql`
    insert into langgraph_server.replicas (id) values (${options.replica})
    on conflict (id) do update set renewed_at = now()`.pipe(orUnavailable)

  /** The other replicas that live: a handful of rows. */
  const meet = decodeReplicas(sql`
    select id
    from langgraph_server.replicas
    where id <> ${options.replica} and renewed_at > now() - make_interval(secs => ${options.seconds})`).pipe(
    Effect.map((replicas) => replicas.map(({ id }) => id)),
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
  const lost = sql`
    select from ${sql(jobSchema)}.job j
    where j.name = ${runQueue}
      and j.state = 'active'
      and j.heartbeat_on < now() - make_interval(secs => j.heartbeat_seconds)
    limit 1`.pipe(orUnavailable)

  return {
    /**
     * Interrupts nothing if the database is away: then it is so for those who would take our runs, too. Answers whether
     * one of the others is gone, and with it its claim to what only it should execute.
     */
    beat: Effect.gen(function*() {
      const before = others
      yield* show
      others = yield* meet
      yield* touch
      const now = yield* Clock.currentTimeMillis
      inTouch = now - lastBeat > unbroken ? 1 : inTouch + 1
      lastBeat = now
      return before.some((id) => !others.includes(id))
    }),
    /** Asked each time: one that came after our last beat may have accepted runs that only it should execute. */
    others: meet,
    /**
     * Gives what was not heard of for too long back to the queue, and answers whether there was any. Not soon after the
     * database was away: it was so for the others as well, whose runs only look lost then.
     */
    superviseOthers: Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      if (inTouch < beatsInTouch || now - lastBeat > unbroken) return false
      const anyLost = (yield* lost).length > 0
      if (now < superviseAt && !anyLost) return false
      superviseAt = now + superviseAnyway
      yield* engine.ask((boss) => boss.supervise())
      return anyLost
    }),
    leave: sql`delete from langgraph_server.replicas where id = ${options.replica}`.pipe(orUnavailable)
  }
})
