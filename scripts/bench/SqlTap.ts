import { Effect } from "effect"
import { createConnection, createServer, type Socket } from "node:net"

export interface Seen {
  /** The text of each statement that was executed, BEGIN and COMMIT among them. */
  readonly statements: Array<string>
  /** How often a client waited for the server. */
  roundTrips: number
}

const text = (bytes: Buffer, from: number) => bytes.toString("utf8", from, bytes.indexOf(0, from))

const after = (bytes: Buffer, from: number) => bytes.indexOf(0, from) + 1

/** Reads what a client sends, by Postgres's protocol: a type, a length, a body; only the first messages have no type. */
const reader = (seen: Seen) => {
  const prepared = new Map<string, string>()
  const portals = new Map<string, string>()
  let rest: Buffer = Buffer.alloc(0)
  let started = false

  const message = (type: string, body: Buffer) => {
    if (type === "Q") {
      seen.statements.push(text(body, 0))
      seen.roundTrips += 1
    } else if (type === "P") prepared.set(text(body, 0), text(body, after(body, 0)))
    else if (type === "B") portals.set(text(body, 0), prepared.get(text(body, after(body, 0))) ?? "?")
    else if (type === "E") seen.statements.push(portals.get(text(body, 0)) ?? "?")
    else if (type === "S") seen.roundTrips += 1
  }

  return (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes])
    for (;;) {
      const typed = started ? 1 : 0
      if (rest.length < typed + 4) return
      const end = typed + rest.readUInt32BE(typed)
      if (rest.length < end) return
      if (started) message(rest.toString("latin1", 0, 1), rest.subarray(5, end))
      else started = rest.readUInt16BE(4) === 3 // the protocol's version; a wish for encryption has another
      rest = rest.subarray(end)
    }
  }
}

/** A way to a database that counts, exactly, what is asked of it. What it costs, it costs where nobody measures time. */
export const sqlTap = Effect.fnUntraced(function*(databaseUrl: string) {
  const database = new URL(databaseUrl), tapped = new URL(databaseUrl)
  const seen: Seen = { statements: [], roundTrips: 0 }
  const sockets = new Set<Socket>()
  const server = yield* Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>>((resume) => {
      const server = createServer((client) => {
        const upstream = createConnection(Number(database.port), database.hostname)
        for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
          sockets.add(from.setNoDelay())
          from.pipe(to)
          from.once("error", () => to.destroy()).once("close", () => sockets.delete(from))
        }
        client.on("data", reader(seen))
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.sync(() => {
        server.close()
        for (const socket of sockets) socket.destroy()
      })
  )
  const address = server.address()
  tapped.port = String(typeof address === "object" ? address?.port : "")
  // A socket would lead past us.
  tapped.search = ""
  return {
    url: tapped.href,
    /** What has been asked since the last time. */
    take: (): Seen => {
      const { roundTrips, statements } = seen
      seen.roundTrips = 0
      return { roundTrips, statements: statements.splice(0) }
    }
  }
})
