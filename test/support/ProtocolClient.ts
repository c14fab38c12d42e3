import { Client } from "langgraph-sdk-1"
import { randomUUID } from "node:crypto"
import { agents } from "../../src/adapters/demo/World.ts"
import { question } from "./Conversation.ts"
import { type Frame, framesOf } from "./Events.ts"
import type { Person, Throughline } from "./Throughline.ts"
import { post } from "./Wire.ts"

/** An event of the protocol as it came over the wire. */
export interface WireEvent {
  readonly type: string
  readonly event_id: string
  readonly seq: number
  readonly method: string
  readonly params: {
    readonly namespace: ReadonlyArray<string>
    readonly timestamp: number
    readonly data: Readonly<Record<string, unknown>>
    readonly node?: string
  }
}

/** How a command was answered. */
export interface CommandAnswer {
  readonly type: string
  readonly id: number
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: string
  readonly message?: string
  readonly meta?: { readonly thread_id: string; readonly applied_through_seq: number }
}

export const allChannels = [
  "values",
  "updates",
  "checkpoints",
  "messages",
  "tools",
  "custom",
  "lifecycle",
  "input",
  "tasks"
]

/** The SDK whose threads have a stream of their own. */
export const streamingClient = (world: Pick<Throughline, "url" | "token">, person: Person) =>
  new Client({
    apiUrl: world.url,
    apiKey: null,
    defaultHeaders: { authorization: `Bearer ${world.token(person)}` }
  })

export const command = async (
  world: Pick<Throughline, "fetch">,
  thread: string,
  method: string,
  params: object = {},
  person: Person = "member"
): Promise<CommandAnswer> =>
  JSON.parse(await (await world.fetch(person, `/threads/${thread}/commands`, post({ id: 7, method, params }))).text())

const eventOf = ({ data }: Frame): WireEvent => JSON.parse(JSON.stringify(data))

/** Whether a run has come to its end, or waits for a person. */
export const isEnd = ({ method, params: { data, namespace } }: WireEvent): boolean =>
  method === "lifecycle" && namespace.length === 0 && data["event"] !== "running"

/** A thread's events until one of a kind, which is the last that is given. */
export const eventsUntil = async (
  world: Pick<Throughline, "fetch">,
  thread: string,
  filter: object,
  last: (event: WireEvent) => boolean
): Promise<ReadonlyArray<WireEvent>> => {
  const gone = new AbortController()
  const response = await world.fetch("member", `/threads/${thread}/stream/events`, {
    ...post({ channels: allChannels, ...filter }),
    signal: gone.signal
  })
  const events: Array<WireEvent> = []
  try {
    for await (const frame of framesOf(response)) {
      const event = eventOf(frame)
      events.push(event)
      if (last(event)) return events
    }
  } finally {
    gone.abort()
  }
  throw new Error(`the stream ended after ${events.length} events`)
}

/** Until so many runs have ended. */
export const ends = (count: number) => {
  let seen = 0
  return (event: WireEvent): boolean => isEnd(event) && ++seen === count
}

/** What an event is, in a word: `lifecycle running`, `messages content-block-delta`, `values`. */
export const wordFor = ({ method, params: { data, namespace } }: WireEvent): string => {
  const kind = typeof data["event"] === "string" ? ` ${data["event"]}` : ""
  return `${namespace.length === 0 ? "" : "  "}${method}${kind}`
}

/** Says something on a thread. */
export const startSaying = (world: Pick<Throughline, "fetch">, thread: string, text: string, more: object = {}) =>
  command(world, thread, "run.start", { assistant_id: agents.recht, input: question(text), ...more })

/** A thread on which something has been said, by the protocol. */
export const conversation = async (world: Pick<Throughline, "fetch">, ...texts: ReadonlyArray<string>) => {
  const thread = randomUUID()
  for (const [index, text] of texts.entries()) {
    await startSaying(world, thread, text)
    await eventsUntil(world, thread, { channels: ["lifecycle"] }, ends(index + 1))
  }
  return thread
}

const textOf = (content: unknown): string =>
  Array.isArray(content) ? content.map((part: { readonly text?: string }) => part.text ?? "").join("") : String(content)

/** A conversation as one reads it: `human: …`, `ai: …`. */
export const saidIn = (values: unknown): ReadonlyArray<string> => {
  const { messages }: { readonly messages: ReadonlyArray<{ readonly type: string; readonly content: unknown }> } = JSON
    .parse(JSON.stringify(values))
  return messages.map(({ content, type }) => `${type}: ${textOf(content)}`)
}
