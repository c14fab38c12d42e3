import type { StateSnapshot } from "@langchain/langgraph"
import type { RunId } from "../../domain/Run.ts"
import type { RunRequest } from "../../domain/RunRequest.ts"
import type { Graph } from "./Graph.ts"

/** How a run that was taken up again goes on. */
export type Takeover =
  /** Nothing of it is on the thread yet: from its beginning. */
  | { readonly _tag: "FromBeginning" }
  /** From its last checkpoint: what has completed is not repeated. */
  | { readonly _tag: "FromCheckpoint" }
  /** It had come to where it waits for a person, and was lost before it could say so. */
  | { readonly _tag: "Waiting"; readonly state: StateSnapshot }

const includes = (nodes: "*" | ReadonlyArray<string> | null, some: ReadonlyArray<string>): boolean =>
  nodes === "*" ? some.length > 0 : nodes !== null && some.some((node) => nodes.includes(node))

/** Where a run stops for a person: where it says, or else where its graph was made to. */
export const stopsOf = (
  graph: Pick<Graph, "interruptAfter" | "interruptBefore">,
  request: Pick<RunRequest, "interrupt_after" | "interrupt_before">
) => ({
  before: request.interrupt_before ?? graph.interruptBefore ?? null,
  after: request.interrupt_after ?? graph.interruptAfter ?? null
})

/** Every task has asked its question or is done: there is nothing to go on with. */
const asks = ({ tasks }: StateSnapshot): boolean =>
  tasks.some((task) => task.interrupts.length > 0)
  && tasks.every((task) => task.interrupts.length > 0 || task.result !== undefined)

/**
 * Where a run stands on its thread, by its latest checkpoint. LangGraph would take "go on" for a person's permission to
 * pass a breakpoint: whether the run had stopped at one has to be found out here.
 */
export const takeover = async (
  graph: Graph,
  threadId: string,
  runId: RunId,
  request: Pick<RunRequest, "interrupt_after" | "interrupt_before">
): Promise<Takeover> => {
  const { after, before } = stopsOf(graph, request)
  const state = await graph.getState({ configurable: { thread_id: threadId } })
  const about: Readonly<Record<string, unknown>> = { ...state.metadata }
  if (about["run_id"] !== runId) return { _tag: "FromBeginning" }
  if (asks(state) || includes(before, state.next)) return { _tag: "Waiting", state }
  const parent = state.parentConfig?.configurable
  if (after !== null && about["source"] === "loop" && parent !== undefined) {
    const executed = (await graph.getState({ configurable: parent })).next
    if (includes(after, executed)) return { _tag: "Waiting", state }
  }
  return { _tag: "FromCheckpoint" }
}
