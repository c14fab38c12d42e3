import { useStream } from "@langchain/langgraph-sdk/react"
import { useStream as useNewerStream } from "langgraph-sdk-1/react"
import type { Chat, ChatProps } from "./Page.tsx"
import { human, line, type State, told } from "./Words.ts"

/** A chat with branches: what is edited or regenerated leaves what stood there before to be looked at. */
export interface BranchingChat extends Chat {
  readonly isThreadLoading: boolean
  /** The versions of a message, by its number: which one is shown, and which there are. */
  readonly versions: (message: number) => { readonly shown: string | undefined; readonly all: ReadonlyArray<string> }
  readonly show: (version: string) => void
}

/** As LangChain's Agent Chat UI asks for it. */
const options = ({ assistantId, apiUrl, callerOptions, headers, onThreadId, threadId }: ChatProps) => ({
  apiUrl,
  assistantId,
  threadId,
  onThreadId,
  ...(callerOptions && { callerOptions }),
  defaultHeaders: headers,
  fetchStateHistory: true,
  reconnectOnMount: true
})

const used = (props: ChatProps) => useStream<State>(options(props))

/** What both SDKs' hooks have in common, as far as a chat page wants it. */
type SdkStream = Pick<
  ReturnType<typeof used>,
  | "messages"
  | "values"
  | "interrupts"
  | "isLoading"
  | "isThreadLoading"
  | "error"
  | "submit"
  | "stop"
  | "getMessagesMetadata"
  | "setBranch"
>

/** The tool calls as the hooks put them together; their types show them for typed agents only. */
const toolCallsOf = (stream: SdkStream): ReadonlyArray<string> =>
  "toolCalls" in stream && Array.isArray(stream.toolCalls)
    ? stream.toolCalls.map(({ call, state }) => `${call.name}: ${state}`)
    : []

const chatOf = (stream: SdkStream): BranchingChat => {
  const of = (index: number) => {
    const message = stream.messages.at(index)
    return message === undefined ? undefined : stream.getMessagesMetadata(message, index)
  }
  /** From before a message was there. */
  const before = (index: number) => {
    const checkpoint = of(index)?.firstSeenState?.parent_checkpoint
    if (!checkpoint) throw new Error(`nothing is known of message ${index}`)
    return { checkpoint, streamMode: ["values" as const], streamSubgraphs: true, streamResumable: true }
  }
  return {
    messages: stream.messages.map(line),
    toolCalls: toolCallsOf(stream),
    values: stream.values,
    isLoading: stream.isLoading,
    isThreadLoading: stream.isThreadLoading,
    error: told(stream.error),
    questions: stream.interrupts.map(({ value, when }) => value ?? when),
    say: (text) => {
      const said = human(text)
      void stream.submit({ messages: [said] }, {
        streamMode: ["values"],
        streamSubgraphs: true,
        optimisticValues: (shown) => ({ messages: [...(shown.messages ?? []), said] })
      })
    },
    begin: (values) => void stream.submit(values),
    answer: (value) => void stream.submit({}, { command: { resume: value } }),
    stop: () => void stream.stop(),
    edit: (message, text) => void stream.submit({ messages: [human(text)] }, before(message)),
    regenerate: (message) => void stream.submit(undefined, before(message)),
    versions: (message) => ({ shown: of(message)?.branch, all: of(message)?.branchOptions ?? [] }),
    show: stream.setBranch
  }
}

/** The hook of `@langchain/langgraph-sdk` 2.0.0. */
export const useSdk = (props: ChatProps) => chatOf(used(props))

/** That of 1.15.0, which is the newer code. */
export const useNewerSdk = (props: ChatProps) => chatOf(useNewerStream<State>(options(props)))
