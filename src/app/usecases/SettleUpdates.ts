import { Effect } from "effect"
import { isJsonObject, type Json, type JsonObject } from "../../domain/Json.ts"
import { statusAfterUpdate } from "../../domain/Thread.ts"
import { AgentGraphs } from "../../ports/AgentGraphs.ts"
import { StateClaims } from "../../ports/StateClaims.ts"

/** Those of a process that is lost, and of a round: a handful. */
const atATime = 100

/** What waits for a person, by task. */
const waitingIn = (tasks: ReadonlyArray<Json>): JsonObject =>
  Object.fromEntries(tasks.filter(isJsonObject).map(({ id, interrupts }) => [String(id), interrupts ?? []]))

/**
 * Tells on their threads what updates have come to whose process was lost before it could: the state is the
 * checkpointer's and right, status and interrupts were left as they had been. Answers how many.
 */
export const settleAbandoned = Effect.gen(function*() {
  const claims = yield* StateClaims
  const graphs = yield* AgentGraphs
  const abandoned = yield* claims.abandoned(atATime)
  yield* Effect.forEach(abandoned, ({ graph_id, ...claim }) => {
    if (graph_id === null) return claims.release(claim)
    return graphs.state(graph_id, claim.thread_id, null, { subgraphs: false }).pipe(
      Effect.flatMap(({ next, tasks }) =>
        claims.conclude(claim, { graph_id, status: statusAfterUpdate(next), interrupts: waitingIn(tasks) })
      ),
      Effect.catchTag("UnknownGraph", () => claims.release(claim))
    )
  }, { discard: true })
  return abandoned.length
})
