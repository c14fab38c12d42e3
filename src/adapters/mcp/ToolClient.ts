import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { SseError } from "@modelcontextprotocol/sdk/client/sse.js"
import { McpError } from "@modelcontextprotocol/sdk/types.js"
import { isJsonObject } from "../../domain/Json.ts"
import { closed, connectionLost, reasonOf } from "./Failures.ts"

/** A server's word for: somebody has to do something in a browser first. */
const interactionRequired = -32003

const text = (text: string) => ({ content: [{ type: "text" as const, text }] })

/** What is to be done and where, for the model to pass on. */
const interaction = (error: McpError): string => {
  const data = isJsonObject(error.data) ? error.data : {}
  const message = isJsonObject(data["message"]) ? data["message"]["text"] : data["message"]
  return [typeof message === "string" ? message : error.message, data["url"]]
    .filter((part) => typeof part === "string").join(" ")
}

const serverFailed = (reason: string) => ({ ...text(`The tool's server failed: ${reason}`), isError: true })

/** Shorter ones are in too many words to be taken out of them. */
const leastSecret = 8

/** A server may repeat what it was sent; in a tool's answer that would go to the model, into the history and to the stream. */
const redacted = <A>(answer: A, headers: ReadonlyArray<string>): A => {
  const secrets = headers.map((header) => header.replace(/^(Bearer|Basic) /i, "")).filter(({ length }) =>
    length >= leastSecret
  )
  const text = JSON.stringify(answer)
  const clean = secrets.reduce(
    (text, secret) => text.replaceAll(JSON.stringify(secret).slice(1, -1), "[redacted]"),
    text
  )
  return clean === text ? answer : JSON.parse(clean)
}

/** A client whose failed calls are results that say so: one tool's failure is the model's to handle, not the run's end. */
export class ToolClient extends Client {
  /** Of the older transport every answer comes by one stream, and is lost with it: another one is another session. */
  override onerror = (error: Error) => {
    if (error instanceof SseError) void this.close()
  }
  readonly #callTimeout: number
  readonly #headers: ReadonlyArray<string>

  constructor(callTimeout: number, headers: ReadonlyArray<string>) {
    super({ name: "throughline", version: "0.1.0" })
    this.#callTimeout = callTimeout
    this.#headers = headers
  }

  override async callTool(...request: Parameters<Client["callTool"]>) {
    return redacted(await this.#answer(...request), this.#headers)
  }

  async #answer(...[params, resultSchema, options]: Parameters<Client["callTool"]>) {
    try {
      // Here and not through LangChain, whose timers go on after the call and hold on to all of its run meanwhile.
      return await super.callTool(params, resultSchema, { ...options, timeout: this.#callTimeout })
    } catch (error) {
      if (options?.signal?.aborted) throw error
      if (this.transport === undefined) return serverFailed(closed)
      if (!(error instanceof McpError) || error.code === connectionLost) return serverFailed(reasonOf(error))
      if (error.code === interactionRequired) return text(interaction(error))
      return { ...text(error.message), isError: true }
    }
  }
}
