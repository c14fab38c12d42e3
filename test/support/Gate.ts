import { Effect, Redacted } from "effect"
import { createServer, Socket } from "node:net"

/**
 * A way to a database that can be closed, which cuts whoever is inside off, and opened again; or frozen, as by a firewall
 * that drops what it forwarded so far: those inside are neither heard nor cut off, and who comes later gets through.
 */
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
  const freeze = () => {
    for (const socket of sockets) socket.unpipe().pause()
  }
  await listen(0)
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  const through = new URL(target)
  through.hostname = "127.0.0.1"
  through.port = String(port)
  return { url: through.href, close, freeze, open: () => listen(port) }
}

export const gate = (database: Redacted.Redacted<string>) =>
  Effect.acquireRelease(
    Effect.promise(() => openGate(Redacted.value(database))),
    ({ close }) => Effect.promise(close)
  ).pipe(
    Effect.map(({ close, freeze, open, url }) => ({
      url: Redacted.make(url),
      close: Effect.promise(close),
      freeze: Effect.sync(freeze),
      open: Effect.promise(open)
    }))
  )
