import type { Message } from "@langchain/langgraph-sdk"
import { useStream } from "@langchain/langgraph-sdk/react"
import { useEffect, useMemo, useRef } from "react"
import { useSearchParams } from "react-router"
import { useSession } from "../session/Session.tsx"
import { Section } from "../shell/Section.tsx"
import { Composer } from "./Composer.tsx"
import { Conversations } from "./Conversations.tsx"
import { Messages } from "./Messages.tsx"
import { ThreadRuns } from "./ThreadRuns.tsx"

interface ChatBoxProps {
  readonly assistant: string
  readonly name: string
}

type State = { messages: Array<Message> }

const wordsOf = (error: unknown): string =>
  error instanceof Error ? error.message : typeof error === "string" ? error : JSON.stringify(error)

/** A person's place to try the agent, on the hook that chat pages have. Which conversation stands in the address. */
const ChatBox = ({ assistant, name }: ChatBoxProps) => {
  const { token } = useSession()
  const [query, setQuery] = useSearchParams()
  const thread = query.get("thread")
  const showThread = (thread: string | null) => setQuery(thread === null ? {} : { thread }, { replace: true })

  const stream = useStream<State>({
    apiUrl: location.origin,
    apiKey: null,
    assistantId: assistant,
    defaultHeaders: useMemo(() => ({ authorization: `Bearer ${token}` }), [token]),
    // A request that is repeated might be a second run.
    callerOptions: useMemo(() => ({ maxRetries: 0 }), []),
    threadId: thread,
    onThreadId: showThread,
    reconnectOnMount: true
  })

  const log = useRef<HTMLDivElement>(null)
  useEffect(() => {
    log.current?.scrollTo({ top: log.current.scrollHeight })
  }, [stream.messages])

  // The hook also tells of steps that a stopped run has left undone: nobody asks anything there.
  const waits = stream.interrupts.some(({ value }) => value !== undefined)
  const say = (text: string) => {
    if (waits) return void stream.submit({}, { command: { resume: text } })
    const said: Message = { id: crypto.randomUUID(), type: "human", content: text }
    void stream.submit({ messages: [said] }, {
      optimisticValues: (shown) => ({ messages: [...(shown.messages ?? []), said] })
    })
  }

  return (
    <div className="chat">
      <Section
        title={`Try ${name}`}
        id="chat"
        note={<span role="status">{stream.isLoading ? "answering" : waits ? "waits for your answer" : "ready"}</span>}
      >
        <Conversations assistant={assistant} thread={thread} onThread={showThread} />
        <div className="log" role="log" aria-label="Conversation" aria-busy={stream.isLoading} tabIndex={0} ref={log}>
          {stream.messages.length === 0
            ? <p className="empty">What you say here is a run like any other: as you, with this configuration.</p>
            : <Messages messages={stream.messages} name={name} answering={stream.isLoading} />}
        </div>
        {stream.error != null && (
          <div role="alert" className="problem">
            <strong>The run did not come to its end</strong>
            <p>{wordsOf(stream.error)}</p>
          </div>
        )}
        {thread !== null && <ThreadRuns thread={thread} answering={stream.isLoading} />}
        <Composer answering={stream.isLoading} onSay={say} onStop={() => void stream.stop()} />
      </Section>
    </div>
  )
}

export default ChatBox
