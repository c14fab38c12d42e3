import { listen } from "../../src/adapters/demo/Loopback.ts"

/** A provider (or MCP server) that refuses every request and repeats its headers while doing so, keys and all. */
export const startEchoingProvider = async () => {
  const seen: Array<string> = []
  const { close, origin } = await listen((request, response) => {
    const headers = JSON.stringify(request.headers)
    seen.push(headers)
    const message = `Incorrect API key provided: ${request.headers.authorization ?? headers}. You sent ${headers}`
    response.writeHead(401, { "content-type": "application/json", "x-echo": request.headers.authorization ?? "none" })
      .end(JSON.stringify({ error: { message, type: "authentication_error" }, type: "error", message }))
  })
  return { url: origin, seen, close }
}

export type EchoingProvider = Awaited<ReturnType<typeof startEchoingProvider>>
