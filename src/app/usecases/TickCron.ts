import { Effect, Option } from "effect"
import { SecureRandom } from "effect/crypto"
import type { Cron } from "../../domain/Cron.ts"
import { isLate, isOver, ticked, type TickOutcome } from "../../domain/CronTicks.ts"
import { RunId } from "../../domain/Run.ts"
import { mapSecrets } from "../../domain/Secrets.ts"
import { ThreadId } from "../../domain/Thread.ts"
import { CronLedger, type SeenCron } from "../../ports/Crons.ts"
import { Memberships } from "../../ports/Memberships.ts"
import { RunPolicy } from "../../ports/RunPolicy.ts"
import { cronTicked } from "../Metrics.ts"
import { type NewRun, prepareRun } from "./CreateRun.ts"
import { unlocked } from "./RunSecrets.ts"

/** The configuration of a cron's runs with its own secrets in place, which came with the request that made it. */
const opened = Effect.fnUntraced(function*({ run: { config } }: Cron) {
  if (config.configurable === undefined) return config
  const secrets = yield* unlocked(config.configurable)
  return { ...config, configurable: mapSecrets(config.configurable, (_, place) => secrets.get(place) ?? null) }
})

const threadFor = ({ cron_id, metadata, on_run_completed, thread_id }: Cron): NewRun["thread"] =>
  thread_id === null
    ? {
      _tag: "Stateless",
      id: ThreadId.make(SecureRandom.uuidV7Unsafe()),
      keep: on_run_completed === "keep",
      metadata: { ...metadata, cron_id }
    }
    : { _tag: "Existing", id: thread_id, orCreate: false }

/** The run of one tick. Nobody's request is at hand: no headers, and no token. */
const runOf = Effect.fnUntraced(function*(cron: Cron) {
  const { overrides } = yield* RunPolicy
  return {
    run_id: RunId.make(SecureRandom.uuidV7Unsafe()),
    assistant: cron.assistant_id,
    thread: threadFor(cron),
    request: cron.run.request,
    after_seconds: 0,
    config: yield* opened(cron),
    context: cron.run.context,
    metadata: { ...cron.metadata, cron_id: cron.cron_id },
    multitask_strategy: cron.run.multitask_strategy,
    overrides
  } satisfies NewRun
})

/** What keeps a tick from making a run, and passes by itself. */
const passing: ReadonlyArray<string> = ["AgentsUnreadable", "ThreadBusy", "TooManyRuns"]

const refusal = (why: string, passing: boolean): TickOutcome => ({ _tag: "Refused", why, passing })

/**
 * A tick that is due: its run comes about as any other does, as its owner, by the rights that they have at this moment. One
 * that is refused makes none, and the cron says why. The tick and its run are there together, or neither is. Answers whether it
 * was for this replica to take.
 */
export const tickCron = Effect.fn("tickCron")(function*(seen: SeenCron) {
  const ledger = yield* CronLedger
  const { cron, seen_at } = seen
  const write = Effect.fnUntraced(function*(outcome: TickOutcome) {
    const taken = Option.isSome(yield* ledger.tick(seen, ticked(cron, seen_at, outcome), Effect.void))
    if (taken && outcome._tag === "Refused") {
      yield* cronTicked("refused")
      yield* Effect.logWarning(`Cron tick refused: ${outcome.why}`)
    }
    return taken
  })
  if (isOver(cron, seen_at)) return yield* write({ _tag: "Over" })

  return yield* Effect.gen(function*() {
    const principal = yield* (yield* Memberships).principal(cron.owner)
    const run = yield* runOf(cron)
    const create = yield* prepareRun(run, { principal, token: null, headers: {} })
    const after = ticked(cron, seen_at, { _tag: "Ran", run_id: run.run_id })
    const made = yield* ledger.tick(seen, after, create)
    if (Option.isNone(made)) return false
    yield* cronTicked(isLate(cron, seen_at) ? "late" : "ran")
    yield* Effect.logDebug("Cron ticked").pipe(Effect.annotateLogs({ run_id: run.run_id }))
    return true
  }).pipe(
    Effect.catchIf(
      (error) => error._tag !== "StorageUnavailable",
      (error) => write(refusal(error.message, passing.includes(error._tag)))
    ),
    // A mistake of ours must not keep the ticks after it waiting.
    Effect.catchDefect((defect) =>
      Effect.andThen(
        Effect.logError("Cron tick failed unexpectedly", defect),
        write(refusal("Internal Server Error", false))
      )
    )
  )
}, (effect, { cron }) => Effect.annotateLogs(effect, { cron_id: cron.cron_id }))
