import { Effect, Redacted } from "effect"
import { createServer, Socket } from "node:net"

/** A way to a database that can be closed, which cuts whoever is inside off, and opened again. */
export const openGate = async (database: string) => {
  const target = new URL(database)
  const sockets = new Set<Socket>()
  const server = createServer((inward) => {
    const outward = new Socket().connect(Number(target.port), target.hostname)
    for (const socket of [inward, outward]) sockets.add(socket.on("error", () => socket.destroy()))
    inward.pipe(outward).pipe(inward)
  })
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve))
  const close = () =>
    new Promise<void>((resolve) => {
      if (!server.listening) return resolve()
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
      sockets.clear()
    })
  await listen(0)
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  const through = new URL(target)
  through.hostname = "127.0.0.1"
  through.port = String(port)
  return { url: through.href, close, open: () => listen(port) }
}

export const gate = (database: Redacted.Redacted<string>) =>
  Effect.acquireRelease(
    Effect.promise(() => openGate(Redacted.value(database))),
    ({ close }) => Effect.promise(close)
  ).pipe(
    Effect.map(({ close, open, url }) => ({
      url: Redacted.make(url),
      close: Effect.promise(close),
      open: Effect.promise(open)
    }))
  )
