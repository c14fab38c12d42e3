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
  fail: (status) => ({ failure: Number(status) })
}

const reply = ({ messages }: ChatRequest): Reply => {
  const last = messages.at(-1)
  if (last?.role === "tool") return { text: `tool said: ${textOf(last)}` }
  const spoken = messages.findLast(({ role }) => role === "user")
  const line = spoken === undefined ? "" : textOf(spoken)
  const [word = "", ...rest] = line.split(":")
  return rest.length > 0 && Object.hasOwn(commands, word)
    ? commands[word]?.(rest.join(":")) ?? {}
    : { text: `you said: ${line}` }
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
