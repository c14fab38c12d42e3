import { Effect, Schema } from "effect"
import { type CalledAgent, failedAnswer, lastAnswer, stoppedAnswer, waitingAnswer } from "../../domain/AgentAnswers.ts"
import { type Run, RunOutcome } from "../../domain/Run.ts"
import type { AgentAnswer } from "../../ports/AgentCalls.ts"
import { AgentGraphs } from "../../ports/AgentGraphs.ts"
import { StorageUnavailable } from "../../ports/StorageUnavailable.ts"
import type { Ending } from "./EndRun.ts"

const decodeValues = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Json))

const answer = (run: Run, text: string, failed: boolean): AgentAnswer => ({
  text,
  failed,
  subrun: { run_id: run.run_id, thread_id: run.thread_id }
})

const said = (run: Run, values: string) =>
  Effect.map(Effect.orDie(decodeValues(values)), (state) => answer(run, lastAnswer(state), false))

/** What a subrun that was carried out here has come to, for whoever called it. */
export const answerOf = Effect.fnUntraced(function*(run: Run, agent: CalledAgent, ending: Ending) {
  if (ending._tag === "HandBack") return yield* new StorageUnavailable()
  // Its thread was deleted, or whoever called it is somebody else's by now.
  if (ending._tag === "Overtaken") return answer(run, stoppedAnswer(agent), true)
  return yield* RunOutcome.$match(ending.outcome, {
    Completed: ({ waiting }) =>
      waiting ? Effect.succeed(answer(run, waitingAnswer(agent), false)) : said(run, ending.values),
    Cancelled: () => Effect.succeed(answer(run, stoppedAnswer(agent), true)),
    TimedOut: ({ failure }) => Effect.succeed(answer(run, failedAnswer(agent, failure), true)),
    Failed: ({ failure }) => Effect.succeed(answer(run, failedAnswer(agent, failure), true))
  })
})

/** The same of one that had ended before its caller was taken up again. */
export const recordedAnswer = Effect.fnUntraced(function*(run: Run, agent: CalledAgent) {
  if (run.failure !== null) return answer(run, failedAnswer(agent, run.failure), true)
  if (run.status !== "success") return answer(run, stoppedAnswer(agent), true)
  const { state } = yield* AgentGraphs
  const { next, values } = yield* Effect.catchTag(
    state(run.graph_id, run.thread_id, null, { subgraphs: false }),
    "UnknownGraph",
    Effect.die
  )
  return next.length > 0 ? answer(run, waitingAnswer(agent), false) : answer(run, lastAnswer(values), false)
})
