import { Effect } from "effect"
import {
  type ChatRequest,
  type ChatServer,
  type Exchange,
  type Reply,
  serveChat,
  textOf,
  type ToolCall
} from "../../src/adapters/demo/OpenAiProtocol.ts"

export interface ScriptedModel extends ChatServer {
  /** Everything it was asked, in order. */
  readonly requests: ReadonlyArray<Exchange>
}

const callOf = (text: string): ToolCall => {
  const [name = "", ...rest] = text.split(":")
  return { name, arguments: rest.join(":") || "{}" }
}

/** Lines of the script: the user's last message says what the model is to answer. */
const commands: Readonly<Record<string, (rest: string) => Reply>> = {
  say: (text) => ({ text }),
  tool: (call) => ({ calls: [callOf(call)] }),
  tools: (calls) => ({ calls: calls.split("|").map(callOf) }),
  slow: (rest) => {
    const [ms = "0", ...text] = rest.split(":")
    return { takesMs: Number(ms), text: text.join(":") || `slow for ${ms} ms` }
  },
  fail: (status) => ({ failure: Number(status) }),
  /** A while later, with some words before it: `after:500:tool:slow`. */
  after: (rest) => {
    const [ms = "0", ...line] = rest.split(":")
    return { text: "einen Moment noch, bitte", ...replyTo(line.join(":")), takesMs: Number(ms) }
  }
}

const replyTo = (line: string): Reply => {
  const [word = "", ...rest] = line.split(":")
  return rest.length > 0 && Object.hasOwn(commands, word)
    ? commands[word]?.(rest.join(":")) ?? {}
    : { text: `you said: ${line}` }
}

const steps = "steps:"

const reply = ({ messages }: ChatRequest): Reply => {
  const asked = messages.findLastIndex(({ role }) => role === "user")
  const spoken = messages[asked]
  const line = spoken === undefined ? "" : textOf(spoken)
  // One line after the other, whatever the tools say: `steps:tool:counter | say:done`.
  if (line.startsWith(steps)) {
    const done = messages.slice(asked).filter(({ role }) => role === "assistant").length
    return replyTo(line.slice(steps.length).split(" | ")[done] ?? "say:Ende")
  }
  const last = messages.at(-1)
  return last?.role === "tool" ? { text: `tool said: ${textOf(last)}` } : replyTo(line)
}

export const startScriptedModel = async (): Promise<ScriptedModel> => {
  const requests: Array<Exchange> = []
  const server = await serveChat({ reply, onRequest: (exchange) => requests.push(exchange) })
  return { ...server, requests }
}

export const scriptedModel = Effect.acquireRelease(
  Effect.promise(startScriptedModel),
  (model) => Effect.promise(model.close)
)
