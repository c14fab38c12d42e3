import { Array, Effect, Option } from "effect"
import { isJsonObject, type Json } from "../../domain/Json.ts"
import type { Principal } from "../../domain/Principal.ts"
import type { Run } from "../../domain/Run.ts"
import type { ThreadId } from "../../domain/Thread.ts"
import { AgentGraphs } from "../../ports/AgentGraphs.ts"
import { Runs } from "../../ports/Runs.ts"
import { Threads } from "../../ports/Threads.ts"

const asks = (task: Json): boolean => {
  const interrupts = isJsonObject(task) ? task["interrupts"] : undefined
  return Array.isArray(interrupts) && interrupts.length > 0
}

/**
 * Whether a thread's graph waits for a person's answer, here or in a graph within it. A run that was stopped has left
 * the thread interrupted too, and waits for nobody.
 */
export const hasQuestions = Effect.fn("hasQuestions")(function*(threadId: ThreadId, principal: Principal) {
  const thread = yield* (yield* Threads).find(threadId, principal)
  if (Option.isNone(thread) || thread.value.graph_id === null) return false
  const graphs = yield* AgentGraphs
  return yield* graphs.state(thread.value.graph_id, threadId, null, { subgraphs: true }).pipe(
    Effect.map(({ tasks }) => tasks.some(asks)),
    // A graph that this server no longer has asks nothing.
    Effect.catchTag("UnknownGraph", () => Effect.succeed(false))
  )
})

/** The run that was asked for last. */
export const newestRun = Effect.fn("newestRun")(function*(threadId: ThreadId, principal: Principal) {
  const runs: ReadonlyArray<Run> = yield* (yield* Runs).list(threadId, { limit: 1, offset: 0 }, principal)
  return Array.head(runs)
})
