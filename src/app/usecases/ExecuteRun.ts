import { Cause, Clock, Duration, Effect, Option, Redacted, Schedule, Semaphore, Stream } from "effect"
import { serversAreTheAgents } from "../../domain/EffectiveConfig.ts"
import {
  abandoned,
  isSuspect,
  type Run,
  type RunFailure,
  RunOutcome,
  RunOvertaken,
  timedOut
} from "../../domain/Run.ts"
import { restoreSecrets } from "../../domain/Secrets.ts"
import { AgentGraphs, GraphFailed } from "../../ports/AgentGraphs.ts"
import { CredentialsAtHand, type RunCredentials } from "../../ports/RunCredentials.ts"
import { metadataEvent, RunEvents } from "../../ports/RunEvents.ts"
import { RunPolicy } from "../../ports/RunPolicy.ts"
import type { RunJob, RunStop, RunWorker } from "../../ports/RunQueue.ts"
import { RunLedger } from "../../ports/Runs.ts"
import { StorageUnavailable } from "../../ports/StorageUnavailable.ts"
import { runsEnded, runsRunning, runTakenUp, tokensSpent } from "../Metrics.ts"
import { agentCalls, type CarryOut } from "./CallAgent.ts"
import { type Ending, endingOf, wordsAlone } from "./EndRun.ts"
import { endSubruns } from "./EndSubruns.ts"
import { kept, whyStopped } from "./KeptSteps.ts"
import { type NotedSteps, notedSteps } from "./NotedSteps.ts"
import { recoveredCredentials } from "./RunSecrets.ts"
import { continuing } from "./RunTrace.ts"
import { tellGraph } from "./TellGraph.ts"

const whileAway = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("2 seconds")])

/** The database may be away when something has to be written: it is waited for, until another worker takes over. */
const written = <A, R>(write: Effect.Effect<A, StorageUnavailable, R>): Effect.Effect<A, never, R> =>
  write.pipe(
    Effect.tapError((error) => Effect.logWarning(`Run waits for the database: ${error.message}`)),
    Effect.retry(whileAway),
    Effect.orDie
  )

const unforeseen: RunFailure = {
  error: "InternalError",
  message: "The run failed for a reason that is in the server's log."
}

const failureOf = (cause: Cause.Cause<unknown>): RunFailure => {
  const error = Option.getOrUndefined(Cause.findErrorOption(cause))
  if (error instanceof GraphFailed) return { error: error.error, message: error.detail }
  return error instanceof Error ? { error: error.name, message: error.message } : unforeseen
}

const ended = (outcome: RunOutcome, values = "null"): Ending => ({ _tag: "Ended", outcome, values })

const endingAt = (stop: RunStop): Ending => {
  switch (stop._tag) {
    case "Cancelled":
      return ended(RunOutcome.Cancelled({ action: stop.action }))
    case "Overtaken":
      return stop
    case "Leaving":
      return { _tag: "HandBack" }
  }
}

/** What a worker does with a run: claims it, runs its graph, tells what happens, and writes its end, once. */
export const runWorker = Effect.gen(function*() {
  const atHand = yield* CredentialsAtHand
  const events = yield* RunEvents
  const graphs = yield* AgentGraphs
  const ledger = yield* RunLedger
  const { maxAttempts } = yield* RunPolicy
  const ending = yield* endingOf
  const spent = tokensSpent()
  const calls = yield* agentCalls
  const context = yield* Effect.context<
    Effect.Services<ReturnType<typeof recoveredCredentials>> | Effect.Services<ReturnType<typeof endSubruns>>
  >()
  /** For runs that may be what ends their worker. */
  const alone = yield* Semaphore.make(1)

  const credentialsOf = Effect.fnUntraced(function*(run: Run) {
    const kept = yield* atHand.find(run.run_id)
    return Option.isSome(kept) ? kept.value : yield* Effect.provideContext(recoveredCredentials(run), context)
  })

  const runGraph = Effect.fnUntraced(function*(run: Run, credentials: RunCredentials, noted: NotedSteps) {
    const secrets = Redacted.value(credentials.secrets)
    // It begins anew: nobody would go on with what it had others do.
    if (run.attempt > 1 && run.request.durability === "exit") yield* Effect.provideContext(endSubruns(run), context)
    const told = tellGraph(run, events, noted.equipped)
    yield* graphs.run({
      graphId: run.graph_id,
      runId: run.run_id,
      threadId: run.thread_id,
      attempt: run.attempt,
      request: run.request,
      configuration: { ...run.configuration, configurable: restoreSecrets(run.configuration.configurable, secrets) },
      trusted: serversAreTheAgents(run.configuration),
      token: credentials.token,
      steps: noted.watch,
      agents: calls({ run, token: credentials.token, began: noted.watch.subrun }, carryOut)
    }).pipe(Stream.runForEachArray(told.take))
    return ended(RunOutcome.Completed(told.end), told.end.values)
  })

  const timeout = Effect.fnUntraced(function*(run: Run) {
    const seconds = run.request.timeout_seconds
    const started = run.started_at?.getTime() ?? (yield* Clock.currentTimeMillis)
    yield* Effect.sleep(Duration.millis(started + seconds * 1000 - (yield* Clock.currentTimeMillis)))
    return ended(timedOut(seconds))
  })

  /** A failure of ours is told in the log, the graph's own on the run. */
  const afterFailure = Effect.fnUntraced(function*(cause: Cause.Cause<unknown>) {
    const error = Option.getOrUndefined(Cause.findErrorOption(cause))
    if (error instanceof RunOvertaken) return endingAt({ _tag: "Overtaken" })
    // It goes on from its last checkpoint, here or elsewhere, when the database is back.
    if (error instanceof StorageUnavailable) return endingAt({ _tag: "Leaving" })
    const failure = failureOf(cause)
    yield* Effect.logWarning(`Run failed: ${failure.error}: ${failure.message}`)
    if (failure === unforeseen) yield* Effect.logError("Run failed unexpectedly", cause)
    return ended(RunOutcome.Failed({ failure }))
  })

  const work = (run: Run, noted: NotedSteps, stop: Effect.Effect<RunStop>): Effect.Effect<Ending> => {
    if (run.cancel_requested !== null) {
      return Effect.succeed(endingAt({ _tag: "Cancelled", action: run.cancel_requested }))
    }
    if (run.lost >= maxAttempts) return Effect.succeed(ended(abandoned(run.lost)))
    return Effect.raceFirst(
      Effect.map(stop, endingAt),
      Effect.raceFirst(
        timeout(run),
        Effect.raceFirst(
          kept(noted, (steps) => ledger.note(run, steps)),
          Effect.flatMap(credentialsOf(run), (credentials) => runGraph(run, credentials, noted)).pipe(runsRunning)
        )
      )
    ).pipe(Effect.catchCause((cause) => Cause.hasInterruptsOnly(cause) ? Effect.interrupt : afterFailure(cause)))
  }

  /** Written first, told after: in one transaction, so that nobody sees the one without the other. */
  const conclude = Effect.fnUntraced(function*(run: Run, noted: NotedSteps, what: Ending): Effect.fn.Return<Ending> {
    if (what._tag === "Overtaken") {
      yield* Effect.logWarning("Run was taken over by another worker")
      return what
    }
    yield* events.flush(run.run_id)
    noted.stop(whyStopped(what))
    if (what._tag === "HandBack") {
      // A subrun runs on: whoever takes up its parent goes on with it, or ends it.
      yield* written(
        run.parent === null ? ledger.release(run, noted.take()) : ledger.note(run, noted.take())
      )
      return what
    }
    yield* written(Effect.provideContext(endSubruns(run), context))
    const settled = yield* written(
      ledger.settle(run, what.outcome, noted.take(), ending(what.values), wordsAlone(run, what))
    )
    if (Option.isSome(settled)) yield* runsEnded(settled.value._tag)
    yield* spent(noted.spent())
    yield* atHand.forget([run.run_id])
    return Option.match(settled, { onNone: () => ({ _tag: "Overtaken" }), onSome: (outcome) => ({ ...what, outcome }) })
  })

  /** Of a subrun that is stopped with its parent, which ends it, or takes it up again: what it had noted is kept. */
  const leftBehind = (run: Run, noted: NotedSteps) => {
    if (run.parent === null) return Effect.void
    noted.stop("stopped with the run that called it")
    return Effect.ignore(Effect.timeoutOption(ledger.note(run, noted.take()), "1 second"))
  }

  /** From where a run has been taken up to its end here. */
  const carryOut: CarryOut = Effect.fnUntraced(function*(run, stop) {
    yield* runTakenUp(run)
    yield* events.publish(run, [metadataEvent(run)])
    const noted = yield* notedSteps
    const done = Effect.flatMap(
      work(run, noted, stop),
      (what) => Effect.raceFirst(conclude(run, noted, what), overtaken(stop))
    )
    return yield* done.pipe(
      Effect.onInterrupt(() => leftBehind(run, noted)),
      Effect.withSpan("executeRun", { attributes: { run_id: run.run_id, attempt: run.attempt } }),
      continuing(run.traceparent)
    )
  }, (effect, run) => Effect.annotateLogs(effect, { run_id: run.run_id }))

  const take = Effect.fnUntraced(function*(job: RunJob, stop: Effect.Effect<RunStop>) {
    const claimed = yield* written(ledger.claim(job))
    if (Option.isNone(claimed)) return "gone" as const
    const ending = yield* carryOut(claimed.value, stop)
    if (ending._tag === "HandBack") return "again" as const
    return ending._tag === "Ended" ? "done" as const : "gone" as const
  })

  /** Nobody waits for a database to write what does not count any more. */
  const overtaken = (stop: Effect.Effect<RunStop>): Effect.Effect<Ending> =>
    Effect.flatMap(stop, (why) => why._tag === "Overtaken" ? Effect.succeed(why) : Effect.never)

  /** One whose last attempt it is waits until no other such one runs here; who stops it meanwhile need not wait. */
  const takeAlone = Effect.fnUntraced(function*(job: RunJob, stop: Effect.Effect<RunStop>) {
    const stopped = yield* Effect.raceFirst(Effect.asSome(stop), Effect.as(alone.take(1), Option.none()))
    if (Option.isNone(stopped)) return yield* Effect.ensuring(take(job, stop), alone.release(1))
    if (stopped.value._tag === "Cancelled") return yield* take(job, stop)
    return stopped.value._tag === "Leaving" ? "again" as const : "gone" as const
  })

  return {
    execute: Effect.fnUntraced(function*(job, stop) {
      const lost = job.redelivered ? yield* written(ledger.losses(job.run_id)) : 0
      return yield* isSuspect({ lost }, maxAttempts) ? takeAlone(job, stop) : take(job, stop)
    }, (effect, job) => Effect.annotateLogs(effect, { run_id: job.run_id })),
    stopRequests: ledger.stopRequests
  } satisfies RunWorker
})
