import { Data, Deferred, Effect, Redacted } from "effect"
import { Socket } from "node:net"

/** A connection that was to listen and can't, or not any more. */
export class LineLost extends Data.TaggedError("LineLost")<{ readonly why: string }> {}

export interface LineOptions {
  readonly url: Redacted.Redacted<string>
  readonly channel: string
  /** Called for each payload, in their order. */
  readonly hear: (payload: string) => void
}

/** How long a goodbye may take, in ms: there may be nobody to hear it. */
const goodbye = 500

/**
 * For a session of our own only: no end for being idle, and a soon one, on the server's side, for a peer that is gone
 * or frozen. A session that listens and can't send keeps the server's queue of notifications from being emptied.
 */
const sessionSettings = `
  select set_config(name, wanted.value, false)
  from (values
    ('idle_session_timeout', '0'),
    ('tcp_keepalives_idle', '15'),
    ('tcp_keepalives_interval', '5'),
    ('tcp_keepalives_count', '3'),
    ('tcp_user_timeout', '30000')
  ) as wanted (name, value)
    join pg_catalog.pg_settings using (name)`

const lostFor = (error: unknown) =>
  new LineLost({ why: error instanceof Error ? error.message || error.name : String(error) })

/**
 * A connection that listens, open for as long as its scope. By `pg`, on a socket of ours: closing a session that
 * doesn't answer is destroying its socket, where `sql-pg` would wait for the answer to its UNLISTEN.
 */
export const openLine = Effect.fnUntraced(function*({ channel, hear, url }: LineOptions) {
  const { default: pg } = yield* Effect.promise(() => import("pg"))
  const lost = yield* Deferred.make<never, LineLost>()
  const end = (error: unknown) => void Deferred.doneUnsafe(lost, Effect.fail(lostFor(error)))
  const open = Effect.sync(() => {
    const socket = new Socket()
    const client = new pg.Client({
      connectionString: Redacted.value(url),
      connectionTimeoutMillis: 5_000,
      application_name: "throughline signals",
      stream: () => socket
    })
    client.on("error", end)
    client.on("end", () => end(new Error("The connection was closed")))
    client.on("notification", (heard) => {
      if (heard.channel === channel) hear(heard.payload ?? "")
    })
    return { client, socket }
  })
  const { client } = yield* Effect.acquireRelease(open, ({ client, socket }) =>
    Effect.promise(async () => {
      client.removeAllListeners("notification")
      const timer = setTimeout(() => socket.destroy(), goodbye)
      await client.end().finally(() => clearTimeout(timer))
      socket.destroy()
    }))
  const ask = (text: string) => Effect.tryPromise({ try: () => client.query(text), catch: lostFor })

  yield* Effect.tryPromise({ try: () => client.connect(), catch: lostFor })
  yield* ask(`listen ${pg.escapeIdentifier(channel)}`).pipe(
    Effect.timeoutOrElse({
      duration: "5 seconds",
      orElse: () => Effect.fail(new LineLost({ why: "LISTEN was not answered" }))
    })
  )
  return {
    /** Fails when the connection ends. */
    lost: Deferred.await(lost),
    /** Whether somebody answers at its other end. */
    answers: ask("select 1"),
    /** To be called when it is known that the session is ours alone. */
    settle: ask(sessionSettings).pipe(
      Effect.catch(({ why }) => Effect.logDebug("The listening session keeps the server's settings", why))
    )
  }
})
