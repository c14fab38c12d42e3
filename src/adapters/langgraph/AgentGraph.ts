import type { BaseChatModel } from "@langchain/core/language_models/chat_models"
import { SystemMessage, ToolMessage } from "@langchain/core/messages"
import type { StructuredToolInterface } from "@langchain/core/tools"
import { type BaseCheckpointSaver, isGraphBubbleUp } from "@langchain/langgraph"
import { createAgent, createMiddleware, ToolInvocationError } from "langchain"
import { StorageUnavailable } from "../../ports/StorageUnavailable.ts"
import { attachments } from "./Attachments.ts"
import type { Graph } from "./Graph.ts"

const reasonOf = (error: unknown): string => {
  // Its own message holds a stack trace, which is nobody's business but ours.
  const reason = ToolInvocationError.isInstance(error) ? error.toolError : error
  return reason instanceof Error ? reason.message : String(reason)
}

/**
 * A tool that fails is for the model to deal with; a run that is stopped stops, and one whose database is away is handed
 * over: another agent that it had called goes on with it. Also, with this in place there is
 * always a node `tools`: a graph has the same nodes whichever servers were there, so that any run can go on with a thread.
 */
const toolCalls = (ready: () => Promise<void>) =>
  createMiddleware({
    name: "ToolFailures",
    wrapToolCall: async (request, handler) => {
      await ready()
      try {
        return await handler(request)
      } catch (error) {
        if (isGraphBubbleUp(error) || error instanceof StorageUnavailable) throw error
        if (request.runtime.signal?.aborted) throw error
        const { id, name } = request.toolCall
        return new ToolMessage({ content: reasonOf(error), tool_call_id: id ?? "", name, status: "error" })
      }
    }
  })

export interface AgentParts {
  /** By name only, it is never called: the graph is for looking at. */
  readonly model: BaseChatModel | string
  readonly tools: ReadonlyArray<StructuredToolInterface>
  readonly systemPrompt: string
  /** Without one, a run remembers nothing. */
  readonly checkpointer: BaseCheckpointSaver | false
  /**
   * Waited for before each call of a tool. LangGraph goes on to the next step while it saves the last one: a tool must
   * not do in the world what a checkpoint that never came would have it do again, nor for a run that is another's by now.
   */
  readonly beforeTools?: () => Promise<void>
}

/** The ReAct agent. A prompt as plain text, since not every compatible server takes it in blocks. */
export const agentGraph = (
  { beforeTools = () => Promise.resolve(), checkpointer, model, systemPrompt, tools }: AgentParts
): Graph =>
  createAgent({
    model,
    tools: [...tools],
    systemPrompt: new SystemMessage(systemPrompt),
    checkpointer,
    middleware: [attachments, toolCalls(beforeTools)]
  }).graph
