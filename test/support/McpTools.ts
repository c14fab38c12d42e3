import { Server } from "@modelcontextprotocol/sdk/server/index.js"
import {
  CallToolRequestSchema,
  type CallToolResult,
  ErrorCode,
  ListToolsRequestSchema,
  McpError
} from "@modelcontextprotocol/sdk/types.js"
import { setTimeout as sleep } from "node:timers/promises"
import { z } from "zod"

export interface SeenCall {
  readonly tool: string
  readonly arguments: object
  /** The client gave up on the call, and the server was told. */
  aborted: boolean
}

const text = (text: string): CallToolResult => ({ content: [{ type: "text", text }] })

const tool = <A>(
  description: string,
  schema: z.ZodType<A>,
  run: (args: A, signal: AbortSignal, cutOff: () => void) => CallToolResult | Promise<CallToolResult>
) => ({
  description,
  inputSchema: { type: "object" as const, ...z.toJSONSchema(schema, { io: "input" }) },
  call: (args: unknown, signal: AbortSignal, cutOff: () => void) => run(schema.parse(args), signal, cutOff)
})

/** Code of an error that says: somebody has to do something in a browser first. */
const interactionRequired = -32003

/** What a test server can offer, by name. `counter` counts per server, so that a shared session would show. */
const makeTools = () => {
  let counted = 0
  return {
    search_laws: tool("Searches the law", z.object({ query: z.string() }), ({ query }) => text(`result for ${query}`)),
    slow: tool("Takes its time", z.object({ ms: z.number().default(10_000) }), async ({ ms }, signal) => {
      await sleep(ms, undefined, { signal })
      return text(`slept ${ms} ms`)
    }),
    cut: tool("Cuts its caller off before it answers", z.object({ ms: z.number() }), async ({ ms }, signal, cutOff) => {
      cutOff()
      await sleep(ms, undefined, { signal })
      return text("asked for again")
    }),
    fails: tool("Always fails", z.object({}), () => ({ ...text("no such law"), isError: true })),
    needs_interaction: tool("Wants a login", z.object({}), () => {
      const data = { message: "Please sign in first", url: "https://login.example.com/start" }
      throw new McpError(interactionRequired, "Interaction required", data)
    }),
    counter: tool("Counts its calls", z.object({}), () => {
      counted += 1
      return text(String(counted))
    })
  }
}

export type McpToolName = keyof ReturnType<typeof makeTools>

/**
 * Makes a server for each session, of the tools named, which are shared by all of them.
 * The SDK's low-level class, since McpServer turns every error into a tool result.
 */
export const mcpToolServers = (
  name: string,
  names: ReadonlyArray<McpToolName>,
  record: (call: SeenCall) => void
) => {
  const all = makeTools()
  const tools = new Map(names.map((name) => [String(name), all[name]]))
  return () => {
    const server = new Server({ name, version: "1.0.0" }, { capabilities: { tools: {} } })
    server.setRequestHandler(ListToolsRequestSchema, () => ({
      tools: [...tools].map(([name, { description, inputSchema }]) => ({ name, description, inputSchema }))
    }))
    server.setRequestHandler(CallToolRequestSchema, ({ params: { arguments: args = {}, name } }, extra) => {
      const tool = tools.get(name)
      if (tool === undefined) throw new McpError(ErrorCode.InvalidParams, `no tool ${name}`)
      const { closeSSEStream = () => {}, signal } = extra
      const call: SeenCall = { tool: name, arguments: args, aborted: false }
      signal.addEventListener("abort", () => {
        call.aborted = true
      })
      record(call)
      return tool.call(args, signal, closeSSEStream)
    })
    return server
  }
}
