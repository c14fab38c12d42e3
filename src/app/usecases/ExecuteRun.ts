import { Cause, Effect, Exit, Layer, Option, Redacted, Schedule, Stream } from "effect"
import { serversAreTheAgents } from "../../domain/EffectiveConfig.ts"
import type { CancelAction, Run, RunFailure, RunId, ToolReport } from "../../domain/Run.ts"
import { RunOutcome } from "../../domain/Run.ts"
import { restoreSecrets } from "../../domain/Secrets.ts"
import type { GraphSignal } from "../../ports/AgentGraphs.ts"
import { AgentGraphs, GraphFailed } from "../../ports/AgentGraphs.ts"
import type { RunCredentials } from "../../ports/RunCredentials.ts"
import type { RunEvent } from "../../ports/RunEvents.ts"
import { resultEvent, RunEvents } from "../../ports/RunEvents.ts"
import { RunHandler } from "../../ports/RunQueue.ts"
import { RunLedger } from "../../ports/Runs.ts"
import { runsEnded, runsRunning } from "../Metrics.ts"

/** The database may be away when a run ends; its end is not to be lost for that. */
const untilWritten = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("2 seconds")]).pipe(
  Schedule.upTo({ duration: "60 seconds" })
)

const unforeseen: RunFailure = {
  error: "InternalError",
  message: "The run failed for a reason that is in the server's log."
}
const stopped: RunFailure = { error: "ServerStopped", message: "The server was stopped before the run had ended." }

const failureOf = (cause: Cause.Cause<unknown>): RunFailure => {
  if (Cause.hasInterruptsOnly(cause)) return stopped
  const error = Option.getOrUndefined(Cause.findErrorOption(cause))
  if (error instanceof GraphFailed) return { error: error.error, message: error.detail }
  return error instanceof Error ? { error: error.name, message: error.message } : unforeseen
}

/** How a run came to its end without failing: by itself, or because somebody wanted it stopped. */
type Ending = CancelAction | { readonly outcome: RunOutcome; readonly values: string }

const unavailable = (report: ToolReport) => report.servers.filter((server) => server.error !== null)

/** What a worker does with a run: claims it, runs its graph, tells what happens, and writes its end, once. */
export const layer = Layer.effect(
  RunHandler,
  Effect.gen(function*() {
    const events = yield* RunEvents
    const graphs = yield* AgentGraphs
    const ledger = yield* RunLedger

    const tell = (run: Run, event: string, data: unknown) =>
      events.publish(run.run_id, [{ event, data: JSON.stringify(data) }])

    /** Runs the graph to its end; frames go out in the batches they come in. */
    const runGraph = Effect.fnUntraced(function*(run: Run, credentials: RunCredentials) {
      const ended: { outcome: RunOutcome; values: string } = {
        outcome: RunOutcome.Completed({ interrupts: {}, waiting: false }),
        values: "null"
      }
      const take = Effect.fnUntraced(function*(signals: ReadonlyArray<GraphSignal>) {
        const frames: Array<RunEvent> = []
        for (const signal of signals) {
          if (signal._tag === "Frame") frames.push(signal)
          else if (signal._tag === "Tools") {
            yield* Effect.retry(ledger.noteTools(run.run_id, run.attempt, signal.report), untilWritten)
            const servers = unavailable(signal.report)
            if (servers.length > 0) yield* tell(run, "tools/unavailable", { servers })
          } else {
            ended.values = signal.values
            ended.outcome = RunOutcome.Completed(signal)
          }
        }
        if (frames.length > 0) yield* events.publish(run.run_id, frames)
      })
      const secrets = Redacted.value(credentials.secrets)
      yield* graphs.run({
        graphId: run.graph_id,
        runId: run.run_id,
        threadId: run.thread_id,
        attempt: run.attempt,
        request: run.request,
        configuration: {
          ...run.configuration,
          configurable: restoreSecrets(run.configuration.configurable, secrets)
        },
        trusted: serversAreTheAgents(run.configuration),
        token: credentials.token
      }).pipe(Stream.runForEachArray(take))
      return ended
    })

    const settle = (run: Run, outcome: RunOutcome) =>
      ledger.settle(run.run_id, run.attempt, outcome).pipe(
        Effect.tap((settled) => settled ? Effect.void : ledger.sweepThread(run.thread_id)),
        Effect.tapError((error) => Effect.logWarning(`Run's end not written yet: ${error.message}`)),
        Effect.retry(untilWritten),
        Effect.tap(() => runsEnded(outcome._tag))
      )

    /** Written first, told after: when a reader sees the end, the run has ended for everybody. */
    const fail = Effect.fnUntraced(function*(run: Run, cause: Cause.Cause<unknown>) {
      const failure = failureOf(cause)
      yield* Effect.logWarning(`Run failed: ${failure.error}: ${failure.message}`)
      if (failure === unforeseen) yield* Effect.logError("Run failed unexpectedly", cause)
      yield* settle(run, RunOutcome.Failed({ failure }))
      yield* tell(run, "error", failure)
      yield* tell(run, resultEvent, { __error__: failure })
    })

    const end = (run: Run, exit: Exit.Exit<Ending, unknown>) => {
      if (Exit.isFailure(exit)) return fail(run, exit.cause)
      const ending = exit.value
      if (ending === "rollback") {
        return Effect.retry(
          Effect.andThen(ledger.rollback(run.run_id), ledger.sweepThread(run.thread_id)),
          untilWritten
        )
      }
      if (ending === "interrupt") return settle(run, RunOutcome.Cancelled())
      return Effect.andThen(
        settle(run, ending.outcome),
        events.publish(run.run_id, [{ event: resultEvent, data: ending.values }])
      )
    }

    const execute = Effect.fn("executeRun")(function*(
      runId: RunId,
      credentials: RunCredentials,
      stop: Effect.Effect<CancelAction>
    ) {
      const claimed = yield* Effect.retry(ledger.claim(runId), untilWritten)
      if (Option.isNone(claimed)) return
      const run = claimed.value
      yield* tell(run, "metadata", { run_id: run.run_id, attempt: run.attempt })
      yield* Effect.raceFirst(stop, runGraph(run, credentials)).pipe(
        runsRunning,
        Effect.onExit((exit) => end(run, exit)),
        Effect.exit
      )
      if (run.request.temporary) yield* Effect.retry(ledger.dropThread(run.thread_id), untilWritten)
    })

    return RunHandler.of({
      execute: (runId, credentials, stop) =>
        execute(runId, credentials, stop).pipe(
          Effect.catchCause((cause) => Effect.logError("Run could not be executed", cause)),
          Effect.ensuring(events.close(runId)),
          Effect.annotateLogs({ run_id: runId })
        )
    })
  })
)
