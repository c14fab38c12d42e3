import { STREAM_CONTROLLER, useStream } from "@langchain/react"
import type { Chat, ChatProps } from "./Page.tsx"
import { human, line, type State, told } from "./Words.ts"

/** The hook of `@langchain/react` 1.1.0, which speaks protocol v2 over SSE. */
export const useReact = ({ apiUrl, assistantId, callerOptions, headers, onThreadId, threadId }: ChatProps): Chat => {
  const stream = useStream<State>({
    apiUrl,
    assistantId,
    threadId,
    onThreadId,
    defaultHeaders: headers,
    ...(callerOptions && { callerOptions, fetch: callerOptions.fetch })
  })
  /** What `useMessageMetadata` reads, at the moment when somebody wants it. */
  const before = (index: number) => {
    const id = stream.messages.at(index)?.id
    const known = stream[STREAM_CONTROLLER].messageMetadataStore.getSnapshot().get(id ?? "")
    if (known?.parentCheckpointId === undefined) throw new Error(`nothing is known of message ${index}`)
    return { forkFrom: known.parentCheckpointId }
  }
  return {
    // What they hold are blocks, tool calls among them: what a page shows of them is their text.
    messages: stream.messages.map(({ text, type }) => line({ type, content: text })),
    toolCalls: stream.toolCalls.map(({ name, status }) => `${name}: ${status}`),
    values: stream.values,
    isLoading: stream.isLoading || stream.isThreadLoading,
    error: told(stream.error),
    questions: stream.interrupts.map(({ value }) => value),
    say: (text) => void stream.submit({ messages: [human(text)] }),
    begin: (values) => void stream.submit(values),
    answer: (value) => void stream.respond(value, { interruptId: stream.interrupt?.id ?? "" }),
    stop: () => void stream.stop(),
    edit: (message, text) => void stream.submit({ messages: [human(text)] }, before(message)),
    regenerate: (message) => void stream.submit(undefined, before(message))
  }
}
