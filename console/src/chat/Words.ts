import type { Message } from "@langchain/langgraph-sdk"

/** What of a message is text, whatever its provider makes of it. */
export const textOf = ({ content }: Pick<Message, "content">): string =>
  typeof content === "string"
    ? content
    : content.map((part) => part.type === "text" ? part.text : "").join("")

/** The run of another agent that a call was. */
export interface Subrun {
  readonly run_id: string
  readonly thread_id: string
}

const subrunOf = (message: object): Subrun | null => {
  const artifact: unknown = "artifact" in message ? message.artifact : null
  const subrun: unknown = typeof artifact === "object" && artifact !== null && "subrun" in artifact
    ? artifact.subrun
    : null
  if (typeof subrun !== "object" || subrun === null || !("run_id" in subrun) || !("thread_id" in subrun)) return null
  const { run_id, thread_id } = subrun
  return typeof run_id === "string" && typeof thread_id === "string" ? { run_id, thread_id } : null
}

export interface ToolCall {
  readonly id: string
  readonly name: string
  readonly args: object
  /** Null: it has not come back yet. */
  readonly result: { readonly text: string; readonly failed: boolean; readonly subrun: Subrun | null } | null
}

/** What one message called, each with what came back. */
export const toolCallsOf = (message: Message, all: ReadonlyArray<Message>): ReadonlyArray<ToolCall> => {
  if (message.type !== "ai") return []
  return (message.tool_calls ?? []).map(({ args, id, name }, index) => {
    const result = all.find((other) => other.type === "tool" && other.tool_call_id === id)
    return {
      id: id ?? `${message.id ?? "message"}-${index}`,
      name,
      args,
      result: result?.type !== "tool"
        ? null
        : { text: textOf(result), failed: result.status === "error", subrun: subrunOf(result) }
    }
  })
}
