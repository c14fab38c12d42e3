import { Effect } from "effect"
import type { Client } from "pg"
import { LegalMcp } from "../../src/adapters/demo/LegalMcp.ts"
import { type ChatRequest, type Reply, serveChat, textOf } from "../../src/adapters/demo/OpenAiProtocol.ts"
import { agents } from "../../src/adapters/demo/World.ts"
import { connected, ownServer, worldDatabase } from "../support/OwnWorld.ts"

/** What only whoever started the server can see. */
export interface Inside {
  /** The bodies of the requests that the model got. */
  readonly asked: ReadonlyArray<unknown>
  readonly database: Client
  readonly log: () => Promise<string>
}

export interface Stage {
  readonly url: string
  readonly agent: string
  readonly member: string
  readonly other: string | undefined
  readonly inside: Inside | undefined
}

/** Looks the question up with the first tool that it is offered, and answers with what that says. */
const reply = ({ messages, tools = [] }: ChatRequest): Reply => {
  const last = messages.at(-1)
  if (last?.role === "tool") return { text: `Dazu steht im Gesetz: ${textOf(last)}` }
  const words = last === undefined ? "" : textOf(last)
  const [tool] = tools
  if (tool === undefined) return { text: `Ohne Werkzeug weiß ich nichts zu: ${words}` }
  return { calls: [{ name: tool.function.name, arguments: JSON.stringify({ query: words }) }] }
}

/** A server of our own in the world of Session 72, with a model that keeps what it was asked. */
export const ownStage = Effect.gen(function*() {
  const asked: Array<unknown> = []
  const model = yield* Effect.acquireRelease(
    Effect.promise(() => serveChat({ reply, onRequest: ({ body }) => asked.push(body) })),
    (server) => Effect.promise(server.close)
  )
  const databaseUrl = yield* worldDatabase("replay", (yield* LegalMcp).url)
  const server = yield* ownServer({ databaseUrl, modelUrl: model.url })
  const database = yield* connected(databaseUrl)
  return {
    url: server.url,
    agent: agents.recht,
    member: server.tokens.member,
    other: server.tokens.other,
    inside: { asked, database, log: server.log }
  } satisfies Stage
})
