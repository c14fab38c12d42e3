import { listen, readBody } from "../../src/adapters/demo/Loopback.ts"

/** A provider whose streams begin well (HTTP 200) and then fail, repeating the key. */
export const startStreamingTellTale = () =>
  listen((request, response) => {
    const message = `rejected: ${request.headers.authorization ?? "nobody"}`
    response.writeHead(200, { "content-type": "text/event-stream" })
      .end(`data: ${JSON.stringify({ error: { message } })}\n\n`)
  })

const tool = (name: string) => ({ name, inputSchema: { type: "object", properties: {} } })

/** What each tool of the server below answers to whoever sends these credentials. */
const answers: Readonly<Record<string, (credentials: string) => object>> = {
  protocol: (sent) => ({ error: { code: -32603, message: `rejected: ${sent}` } }),
  result: (sent) => ({ result: { isError: true, content: [{ type: "text", text: `rejected: ${sent}` }] } }),
  link: (sent) => ({
    error: { code: -32003, message: "log in", data: { url: `https://login.example/?with=${sent}` } }
  }),
  fine: (sent) => ({ result: { content: [{ type: "text", text: `you are ${sent}` }] } })
}

export const tellTaleTools = Object.keys(answers)

/** An MCP server whose tools repeat the credentials they were called with. */
export const startMcpTellTale = () =>
  listen((request, response) => {
    void readBody(request).then((body) => {
      const { id, method, params } = body === "" ? {} : JSON.parse(body)
      const about = {
        protocolVersion: "2025-03-26",
        capabilities: { tools: {} },
        serverInfo: { name: "t", version: "1" }
      }
      const sent = request.headers.authorization ?? "nobody"
      const answer = method === "initialize"
        ? { result: about }
        : method === "tools/list"
        ? { result: { tools: tellTaleTools.map(tool) } }
        : method === "tools/call"
        ? answers[params.name]?.(sent)
        : undefined
      if (answer === undefined) return response.writeHead(202).end()
      response.writeHead(200, { "content-type": "application/json" }).end(
        JSON.stringify({ jsonrpc: "2.0", id, ...answer })
      )
    })
  })
