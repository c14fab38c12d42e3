import { isJsonObject } from "../../domain/Json.ts"
import type { CheckpointRef } from "../../domain/RunRequest.ts"
import { StateClaimLost, type ThreadId } from "../../domain/Thread.ts"
import { InvalidStateUpdate, type StateUpdate, type UpdatedState } from "../../ports/AgentGraphs.ts"
import { StorageUnavailable } from "../../ports/StorageUnavailable.ts"
import { command } from "./Commands.ts"
import { redact } from "./Failures.ts"
import type { Graph } from "./Graph.ts"
import { converses, withMessages } from "./Messages.ts"
import { addressOf, checkpointOf, interruptsOf } from "./States.ts"

/** Updates that count as one step. */
export type Step = ReadonlyArray<StateUpdate>

/** LangGraph leaves out what it has no place for; where nothing is left of an update, its sender should know. */
const refuseUnknownKeys = (graph: Graph, { values }: StateUpdate): void => {
  if (!isJsonObject(values)) return
  const keys = Object.keys(values)
  if (keys.length === 0 || ["__root__", ...keys].some((key) => Object.hasOwn(graph.channels, key))) return
  throw new InvalidStateUpdate({
    reason: `the graph's state has no ${keys.map((key) => JSON.stringify(key)).join(", ")}`
  })
}

const written = (update: StateUpdate, conversation: boolean) => ({
  values: update.command === null
    ? withMessages(update.values, conversation)
    : command(update.command, conversation),
  ...(update.as_node === null ? {} : { asNode: update.as_node })
})

/** LangGraph's words, without the pages it recommends and with the keys named as they are on the wire. */
const reasonOf = (error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error)
  const [words = message] = message.split("\n\nTroubleshooting URL")
  return redact(words.replaceAll("asNode", "as_node"), [])
}

/** What the writing of a state fails with; but for the database and the claim it is what was to be written. */
export const updateFailure = (error: unknown): InvalidStateUpdate | StateClaimLost | StorageUnavailable =>
  error instanceof StorageUnavailable || error instanceof StateClaimLost || error instanceof InvalidStateUpdate
    ? error
    : new InvalidStateUpdate({ reason: reasonOf(error) })

/** Writes step after step, the first after the given checkpoint, as if the graph's nodes had. */
export const writeState = async (
  graph: Graph,
  graphId: string,
  threadId: ThreadId,
  steps: ReadonlyArray<Step>,
  at: CheckpointRef | null
): Promise<UpdatedState> => {
  if (at === null || at.checkpoint_ns === "") steps.flat().forEach((update) => refuseUnknownKeys(graph, update))
  const address = {
    ...addressOf(threadId, at ?? { checkpoint_id: null, checkpoint_ns: "" }),
    metadata: { graph_id: graphId }
  }
  const { configurable } = await graph.bulkUpdateState(
    address,
    steps.map((updates) => ({ updates: updates.map((update) => written(update, converses(graph))) }))
  )
  const state = await graph.getState(addressOf(threadId, null))
  return { checkpoint: checkpointOf(configurable) ?? {}, next: state.next, interrupts: interruptsOf(state) }
}
