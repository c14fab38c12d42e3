import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, type Redacted } from "effect"
import { randomUUID } from "node:crypto"
import { PgCronLedger } from "../../src/adapters/postgres/PgCronLedger.ts"
import { PgCrons } from "../../src/adapters/postgres/PgCrons.ts"
import { AssistantId } from "../../src/domain/Assistant.ts"
import { type Cron, CronId, type CronWritten } from "../../src/domain/Cron.ts"
import { Crons } from "../../src/ports/Crons.ts"
import { newRun, nord, replica, runDatabase } from "./run-world.ts"

/** What one replica has of crons and runs. */
export const cronReplica = (url: Redacted.Redacted<string>) =>
  Layer.mergeAll(PgCrons, PgCronLedger).pipe(Layer.provideMerge(replica(url)))

export const withCrons = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.flatMap(runDatabase, (url) => Effect.provide(work, cronReplica(url), { local: true }))

const { temporary: _, ...request } = newRun(1).request

export const written = (rest: Partial<CronWritten> = {}): CronWritten => ({
  assistant_id: AssistantId.make("an assistant that is not there"),
  thread_id: null,
  schedule: "0 9 * * *",
  timezone: "Europe/Berlin",
  end_time: null,
  enabled: true,
  on_run_completed: "keep",
  run: {
    request: { ...request, input: { messages: [[{ role: "user" }]] }, timeout_seconds: null },
    config: { tags: ["t"], configurable: { stop: [["x"]] }, odd: 1 },
    context: { locale: "de" },
    multitask_strategy: "enqueue"
  },
  metadata: { list: [["a"], ["b"]] },
  next_run_date: new Date("2100-01-01T08:00:00Z"),
  last_error: null,
  refusals: 0,
  ...rest
})

export const createCron = Effect.fnUntraced(function*(rest: Partial<CronWritten> = {}, owner = nord) {
  return yield* (yield* Crons).create(CronId.make(randomUUID()), written(rest), owner)
})

/** Turns the clock: what was to come has been due for so long. */
export const makeDue = Effect.fnUntraced(function*(seconds = 1) {
  const sql = yield* PgClient.PgClient
  yield* sql`
    update langgraph_server.crons
    set next_run_at = clock_timestamp() - make_interval(secs => ${seconds})
    where next_run_at is not null`
})

/** What a cron has after a tick. */
export const after = (cron: Cron, rest: Partial<Cron> = {}): Cron => ({
  ...cron,
  next_run_date: new Date("2100-02-01T08:00:00Z"),
  last_tick: cron.next_run_date,
  ...rest
})
