import { useState } from "react"
import { createRoot } from "react-dom/client"
import { assert } from "vitest"
import { type Person, until } from "../support/Throughline.ts"

/**
 * What a chat page shows, and what a person can do on it, whichever hook it stands on. What comes of it is to be seen on
 * the page, as a person sees it: some hooks' promises end with the run, some before.
 */
export interface Chat {
  /** `human: …`, `ai: …`, `tool: …`. */
  readonly messages: ReadonlyArray<string>
  /** `name: state`. */
  readonly toolCalls: ReadonlyArray<string>
  readonly isLoading: boolean
  readonly error: string | undefined
  /** What waits for the person: the values of the interrupts. */
  readonly questions: ReadonlyArray<unknown>
  readonly say: (text: string) => void
  /** What the graph's state holds beside messages. */
  readonly values: Readonly<Record<string, unknown>>
  /** The same for a graph that wants no messages. */
  readonly begin: (values: { readonly question: string }) => void
  readonly answer: (value: unknown) => void
  readonly stop: () => void
  /** Says something else in the place of a message, by its number. */
  readonly edit: (message: number, text: string) => void
  /** Has a message of the model's made anew, by its number. */
  readonly regenerate: (message: number) => void
}

/** How a page reaches the server. The same objects at each render: hooks make a new client for new ones. */
export interface Connection {
  readonly apiUrl: string
  readonly headers: Record<string, string>
  /** A browser's own ways, unless said otherwise. */
  readonly callerOptions?: { readonly fetch: typeof fetch; readonly maxRetries: number }
  readonly assistantId: string
}

export interface ChatProps extends Connection {
  readonly threadId: string | null
  readonly onThreadId: (threadId: string) => void
}

export type UseChat<C extends Chat = Chat> = (props: ChatProps) => C

export interface Visitor {
  readonly url: string
  readonly token: (person: Person) => string
}

export interface Visit {
  readonly assistant: string
  readonly person?: Person
  /** As from the address bar: a page that is reloaded, or a link that somebody was sent. */
  readonly thread?: string
}

type Input = Parameters<typeof fetch>[0]

const urlOf = (input: Input) => new URL(input instanceof Request ? input.url : input)

/** A request, with the ids of this world written as `{id}`. */
const written = (input: Input, init: RequestInit | undefined) => {
  const { href, origin } = urlOf(input)
  const path = href.slice(origin.length).replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "{id}")
  return `${init?.method ?? "GET"} ${path}`
}

const isStream = (input: Input) => /\/stream(\/events)?$/.test(urlOf(input).pathname)

/** Opens a chat page that is built on a hook: mounted by React in a document, as in a browser's tab. */
export const openPage = async <C extends Chat>(useChat: UseChat<C>, { token, url }: Visitor, visit: Visit) => {
  const requests: Array<string> = []
  const underWay = new Set<Promise<Response>>()
  const gone = new AbortController()
  const connection: Connection = {
    apiUrl: url,
    headers: { authorization: `Bearer ${token(visit.person ?? "member")}` },
    callerOptions: {
      maxRetries: 0,
      fetch: (input, init) => {
        requests.push(written(input, init))
        if (!isStream(input)) {
          const asked = fetch(input, init)
          underWay.add(asked)
          return asked.finally(() => underWay.delete(asked))
        }
        const signals = init?.signal ? [init.signal, gone.signal] : [gone.signal]
        return fetch(input, { ...init, signal: AbortSignal.any(signals) })
      }
    },
    assistantId: visit.assistant
  }
  /** The page as it was after each render: the last one is what stands there now. */
  const seen: Array<C> = []
  let thread: string | null = visit.thread ?? null
  const Page = () => {
    const [threadId, setThreadId] = useState(thread)
    thread = threadId
    seen.push(useChat({ ...connection, threadId, onThreadId: setThreadId }))
    return null
  }
  const root = createRoot(document.createElement("div"))
  root.render(<Page />)

  /** Waits until the page looks like that. */
  const sees = async (what: string, looks: (chat: C) => boolean): Promise<C> => {
    const now = () => seen.at(-1)
    try {
      return await until(what, () => {
        const chat = now()
        return chat !== undefined && looks(chat) ? chat : undefined
      }, 60_000)
    } catch (cause) {
      const message = `${what}: the page shows ${JSON.stringify(now())}; it asked ${requests.join(", ")}`
      throw new Error(message, { cause })
    }
  }
  await sees("a page", () => true)
  return {
    requests,
    seen,
    sees,
    /** The page as it is at this moment. */
    get chat(): C {
      return seen.at(-1) ?? assert.fail("the page shows nothing")
    },
    get thread(): string {
      return thread ?? assert.fail("the page has no thread yet")
    },
    /** Closes the tab: its streams are cut off. What else was under way may end, since pages share their SDK here. */
    close: async () => {
      root.unmount()
      gone.abort()
      await Promise.allSettled(underWay)
    }
  }
}

export type Page<C extends Chat = Chat> = Awaited<ReturnType<typeof openPage<C>>>
