import { randomUUID } from "node:crypto"
import { createServer } from "node:http"

/** A place that webhooks can be sent to, and what came. */
export interface Hook {
  readonly url: string
  readonly called: Promise<unknown>
}

/** Listens on loopback for what a server under test sends; only a server on this machine can reach it. */
export const startWebhooks = async () => {
  const waiting = new Map<string, (body: unknown) => void>()
  const server = createServer(async (request, response) => {
    let text = ""
    for await (const chunk of request) text += String(chunk)
    waiting.get(request.url ?? "")?.(JSON.parse(text))
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return {
    hook: (): Hook => {
      const path = `/${randomUUID()}`
      const called = new Promise<unknown>((resolve) => waiting.set(path, resolve))
      return { url: `http://127.0.0.1:${port}${path}`, called }
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      })
  }
}
