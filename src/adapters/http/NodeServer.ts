import { createServer, type Server } from "node:http"

/** In ms. How long a connection without a request is kept open after the stop: what is on its way over it is answered. */
const grace = 500

/**
 * Node's server, which a stop costs no request that it has taken. Node's own stop closes idle connections at once: also
 * those over which a client, which can't know, is sending a request at that moment, and may not send it again. Here each
 * is told with its next answer that it was the last one.
 */
export const nodeServer = (): Server => {
  // Room for 200 headers; connections outlive the idle timeouts of the usual load balancers.
  const server = createServer({ maxHeaderSize: 128 * 1024, keepAliveTimeout: 75_000 })
  const close = server.close.bind(server)
  const closeIdle = server.closeIdleConnections.bind(server)
  let closing: "no" | "gently" | "at once" = "no"

  server.closeIdleConnections = () => closing === "gently" ? undefined : closeIdle()
  server.close = (done) => {
    closing = "gently"
    // After this turn of the event loop has taken the connections that have come by now: the system would reset them.
    setImmediate(() => close(done))
    setTimeout(() => {
      closing = "at once"
      closeIdle()
    }, grace).unref()
    return server
  }
  return server.prependListener("request", (_, response) => {
    if (closing !== "no") response.setHeader("connection", "close")
    // Those that become idle when their last answer is out: it was on its way when they were told.
    response.once("close", () => closing === "at once" ? closeIdle() : undefined)
  })
}
