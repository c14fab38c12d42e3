import { Context, Effect, Layer } from "effect"
import {
  type ChatMessage,
  type ChatRequest,
  type ChatTool,
  type Reply,
  serveChat,
  textOf,
  type ToolCall
} from "./OpenAiProtocol.ts"

const whoIAm = "I am Throughline's stand-in model, not a real one: set OPENAI_API_KEY to talk to a real model."

/** The names of the arguments that a tool cannot do without. */
const requiredArguments = ({ parameters }: ChatTool): ReadonlyArray<string> => {
  const required = parameters?.["required"]
  return Array.isArray(required) ? required.filter((name) => typeof name === "string") : []
}

/** "§ 535 BGB", as a lawyer writes it. */
const paragraph = /§+\s*(?<paragraph>\d+[a-z]?)\s+(?<law>[A-ZÄÖÜ]\w*)/

const callOf = (name: string, args: object): ToolCall => ({ name, arguments: JSON.stringify(args) })

/** A tool whose every argument the words name, else one that wants just one text, which the words are. */
const fittingCall = (tools: ReadonlyArray<ChatTool>, words: string): ToolCall | undefined => {
  const named: Readonly<Record<string, string>> = paragraph.exec(words)?.groups ?? {}
  for (const tool of tools) {
    const wanted = requiredArguments(tool)
    if (wanted.length > 0 && wanted.every((name) => name in named)) return callOf(tool.name, { ...named })
  }
  for (const tool of tools) {
    const [only, ...others] = requiredArguments(tool)
    if (only !== undefined && others.length === 0) return callOf(tool.name, { [only]: words })
  }
  return undefined
}

/** What the tools have said since the user last spoke. */
const toolResults = (messages: ReadonlyArray<ChatMessage>) =>
  messages.slice(messages.findLastIndex(({ role }) => role === "user") + 1).filter(({ role }) => role === "tool")

const reply = ({ messages, tools = [] }: ChatRequest): Reply => {
  const results = toolResults(messages)
  if (results.length > 0) return { text: `${whoIAm}\n\nThe tools say:\n${results.map(textOf).join("\n")}` }
  const question = messages.findLast(({ role }) => role === "user")
  const words = question === undefined ? "" : textOf(question)
  const call = fittingCall(tools.map((tool) => tool.function), words)
  if (call !== undefined) return { text: whoIAm, calls: [call] }
  return { text: `${whoIAm}\n\nYou said: ${words}` }
}

export const startStandInModel = () => serveChat({ reply })

/** A model for whoever tries Throughline without a provider's key. It says in every answer what it is. */
export class StandInModel extends Context.Service<StandInModel, { readonly url: string }>()(
  "throughline/adapters/demo/StandInModel"
) {
  static readonly layer = Layer.effect(
    StandInModel,
    Effect.acquireRelease(Effect.promise(startStandInModel), (server) => Effect.promise(server.close))
  )
}
