import { type FormEvent, useMemo, useState } from "react"
import { useNewerSdk, useSdk } from "../../clients/SdkHooks.ts"

interface ChatProps {
  readonly apiUrl: string
  readonly assistant: string
  readonly token: string
  /** Whose hook: 2.0.0's, or that of 1.15.0. */
  readonly sdk: string | null
  readonly thread: string | null
  readonly onThread: (thread: string) => void
}

/** A small chat page on the stock hook. */
export const Chat = ({ apiUrl, assistant, onThread, sdk, thread, token }: ChatProps) => {
  const [text, setText] = useState("")
  const [edited, setEdited] = useState<number | null>(null)
  const useChat = sdk === "1.15.0" ? useNewerSdk : useSdk
  const chat = useChat({
    apiUrl,
    assistantId: assistant,
    headers: useMemo(() => ({ authorization: `Bearer ${token}` }), [token]),
    threadId: thread,
    onThreadId: onThread
  })

  const send = (event: FormEvent) => {
    event.preventDefault()
    if (edited === null) chat.say(text)
    else chat.edit(edited, text)
    setText("")
    setEdited(null)
  }

  return (
    <>
      <ol aria-label="Messages">
        {chat.messages.map((message, index) => (
          <li key={index}>
            <span>{message}</span>
            {message.startsWith("human: ") && (
              <button
                onClick={() => {
                  setEdited(index)
                  setText(message.slice("human: ".length))
                }}
              >
                Edit
              </button>
            )}
          </li>
        ))}
      </ol>
      <ul aria-label="Tools">{chat.toolCalls.map((call, index) => <li key={index}>{call}</li>)}</ul>
      {chat.error !== undefined && <p role="alert">{chat.error}</p>}
      <p role="status">{chat.isLoading ? "answering" : "ready"}</p>
      <form onSubmit={send}>
        <label>
          Message <input value={text} onChange={(event) => setText(event.target.value)} />
        </label>
        <button>Send</button>
        {chat.isLoading && <button type="button" onClick={chat.stop}>Stop</button>}
      </form>
    </>
  )
}
