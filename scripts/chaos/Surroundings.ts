import { Server } from "@modelcontextprotocol/sdk/server/index.js"
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js"
import { Effect } from "effect"
import { setTimeout as sleep } from "node:timers/promises"
import { z } from "zod"
import { listen } from "../../src/adapters/demo/Loopback.ts"
import { serveMcp } from "../../src/adapters/demo/McpHttp.ts"
import { serveChat } from "../../src/adapters/demo/OpenAiProtocol.ts"
import { type Random, randomOf } from "./Random.ts"
import { replyTo, resultOf } from "./Script.ts"

/** Something that a run did to the world, and that cannot be undone. */
export interface SideEffect {
  readonly run: string
  readonly step: number
  readonly at: number
}

const Step = z.object({ run: z.string(), step: z.number().int() })

const countingServer = (effects: Array<SideEffect>, random: Random) => () => {
  const server = new Server({ name: "counting", version: "1.0.0" }, { capabilities: { tools: {} } })
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: [{
      name: "count",
      description: "Does something that can be counted",
      inputSchema: { type: "object" as const, ...z.toJSONSchema(Step, { io: "input" }) }
    }]
  }))
  server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    const { run, step } = Step.parse(params.arguments)
    effects.push({ run, step, at: Date.now() })
    // Done already, but not yet known to be done: whoever dies now does it twice.
    await sleep(random.whole(5, 150))
    return { content: [{ type: "text", text: resultOf(run, step) }] }
  })
  return server
}

/** The tool server whose calls are the side effects. */
export const countingTools = (seed: number) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const effects: Array<SideEffect> = []
      return { effects, ...(await serveMcp({ server: countingServer(effects, randomOf(seed, "tools")) })) }
    }),
    ({ close }) => Effect.promise(close)
  )

/** A model for one server: so it is known which server executes a run. */
export const scriptedModel = (asked: (marker: string) => void) =>
  Effect.acquireRelease(
    Effect.promise(() => serveChat({ reply: (request) => replyTo(request, asked) })),
    ({ close }) => Effect.promise(close)
  )

/** A tool server that is never there. */
export const deadUrl = Effect.promise(async () => {
  const { close, origin } = await listen(() => {})
  await close()
  return `${origin}/mcp`
})
