import type { Message } from "@langchain/langgraph-sdk"
import { Loader, VisuallyHidden } from "@mantine/core"
import { Link } from "react-router"
import { StateMark } from "../agents/StateMark.tsx"
import { runPath } from "../run/RecentRuns.tsx"
import { textOf, type ToolCall, toolCallsOf } from "./Words.ts"

const Call = ({ call: { args, name, result }, under }: { readonly call: ToolCall; readonly under: boolean }) => (
  <details className="call">
    <summary>
      {result === null && under
        ? <Loader size={14} aria-hidden="true" />
        : <StateMark state={result === null ? "skipped" : result.failed ? "broken" : "ok"} />}
      <code>{name}</code>
      <span className="note">
        {result === null ? (under ? "called" : "no answer") : result.failed ? "failed" : "answered"}
      </span>
    </summary>
    <pre tabIndex={0} role="group" aria-label={`What ${name} was given`}>{JSON.stringify(args, null, 2)}</pre>
    {result?.subrun != null && (
      <p className="call-run">
        <Link to={runPath(result.subrun)}>The run of the agent that was called</Link>
      </p>
    )}
    {result !== null && <pre tabIndex={0} role="group" aria-label={`What ${name} answered`}>{result.text}</pre>}
  </details>
)

interface MessagesProps {
  readonly messages: ReadonlyArray<Message>
  readonly name: string
  readonly answering: boolean
}

/** A conversation, tool calls where they were made. */
export const Messages = ({ answering, messages, name }: MessagesProps) => (
  <ol className="messages" aria-label="Messages">
    {messages.filter(({ type }) =>
      type !== "tool" && type !== "system"
    ).map((message, index) => {
      const text = textOf(message)
      return (
        <li key={message.id ?? index} className={message.type === "human" ? "said-human" : "said-ai"}>
          <VisuallyHidden>{message.type === "human" ? "You" : name}:</VisuallyHidden>
          {text !== "" && <p className="said">{text}</p>}
          {toolCallsOf(message, messages).map((call) => <Call key={call.id} call={call} under={answering} />)}
        </li>
      )
    })}
  </ol>
)
