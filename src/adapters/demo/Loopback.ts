import { createServer, type IncomingMessage, type RequestListener } from "node:http"

export interface Loopback {
  readonly origin: string
  /** Ends what is still open, too. */
  readonly close: () => Promise<void>
}

/** An HTTP server that only this machine can reach: on the port that it had before, if that is still free, or any. */
export const listen = (handler: RequestListener, before = 0) =>
  new Promise<Loopback>((resolve, reject) => {
    const server = createServer(handler)
    server.on("error", (error) => {
      if (before === 0 || server.listening) return reject(error)
      before = 0
      server.listen(0, "127.0.0.1")
    })
    server.listen(before, "127.0.0.1", () => {
      const address = server.address()
      if (address === null || typeof address === "string") return reject(new Error(`no port but ${address}`))
      resolve({
        origin: `http://127.0.0.1:${address.port}`,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed())
            server.closeAllConnections()
          })
      })
    })
  })

export const readBody = async (request: IncomingMessage) => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString("utf8")
}
