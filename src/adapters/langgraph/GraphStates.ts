import { Effect } from "effect"
import type { UnknownGraph } from "../../domain/Assistant.ts"
import type { CheckpointRef } from "../../domain/RunRequest.ts"
import type { StateClaim } from "../../domain/Thread.ts"
import type { AgentGraphs } from "../../ports/AgentGraphs.ts"
import { stored } from "./Checkpointer.ts"
import type { Graph } from "./Graph.ts"
import type { Saver } from "./Saver.ts"
import type { Step } from "./StateUpdates.ts"

type Part = Pick<AgentGraphs["Service"], "hasCheckpoint" | "history" | "replay" | "state" | "update">

interface Parts {
  /** A graph to look at, with the same nodes as every run has; with a memory of its own, one to write with. */
  readonly graphOf: (graphId: string, memory?: Saver) => Effect.Effect<Graph, UnknownGraph>
  readonly saver: Effect.Effect<Saver>
}

/** Threads' states as their graphs read and write them. LangChain's packages are loaded when somebody asks first. */
export const graphStates = ({ graphOf, saver }: Parts): Part => {
  const states = Effect.promise(() => import("./States.ts"))
  const updates = Effect.promise(() => import("./StateUpdates.ts"))

  const write = Effect.fnUntraced(function*(
    graphId: string,
    claim: StateClaim,
    steps: ReadonlyArray<Step>,
    at: CheckpointRef | null
  ) {
    const { updateFailure, writeState } = yield* updates
    const memory = (yield* saver).forState(claim)
    const graph = yield* graphOf(graphId, memory)
    return yield* Effect.tryPromise({
      try: async () => {
        const updated = await writeState(graph, graphId, claim.thread_id, steps, at)
        await memory.settled()
        return updated
      },
      catch: updateFailure
    })
  })

  return {
    state: Effect.fn("AgentGraphs.state")(function*(graphId, threadId, at, options) {
      const graph = yield* graphOf(graphId)
      const { addressOf, threadState } = yield* states
      return threadState(yield* stored(() => graph.getState(addressOf(threadId, at), options)))
    }),
    history: Effect.fn("AgentGraphs.history")(function*(graphId, threadId, query) {
      const graph = yield* graphOf(graphId)
      const { historyOf } = yield* states
      return yield* stored(() => historyOf(graph, threadId, query))
    }),
    update: Effect.fn("AgentGraphs.update")((graphId, claim, update, at) => write(graphId, claim, [[update]], at)),
    replay: Effect.fn("AgentGraphs.replay")((graphId, claim, steps) => write(graphId, claim, steps, null)),
    hasCheckpoint: Effect.fn("AgentGraphs.hasCheckpoint")(function*(threadId, at) {
      const memory = yield* saver
      const { addressOf } = yield* states
      return (yield* stored(() => memory.getTuple(addressOf(threadId, at)))) !== undefined
    })
  }
}
