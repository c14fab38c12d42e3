import { Clock, Effect, Layer, Redacted, Semaphore } from "effect"
import { canonicalJson } from "../domain/Json.ts"
import { type McpServer, serverKey, whoAsks } from "../domain/McpConfig.ts"
import { ContentDigest } from "../ports/ContentDigest.ts"
import { type AskedServer, type Asker, ToolServers, unasked } from "../ports/ToolServers.ts"
import { ToolSource } from "../ports/ToolSource.ts"

/** A page that follows what happens asks every two seconds; a server is not to notice how many people look. */
const answersServe = 3_000

/** What a server has answered, for as long as that serves, and who waits for it. */
interface Known {
  readonly gate: Semaphore.Semaphore
  asking: number
  until: number
  asked: AskedServer
}

export const toolServers = Layer.effect(
  ToolServers,
  Effect.gen(function*() {
    const source = yield* ToolSource
    const { digest } = yield* ContentDigest

    /** Of a token there is only its digest, and none where the server doesn't get it. */
    const keyOf = (server: McpServer, { tenants, token, trusted }: Asker): string => {
      const sent = whoAsks(server, { token: token !== null, trusted }) === "caller" ? token : null
      const credential = sent === null ? null : digest(Redacted.value(sent))
      return digest(canonicalJson({ server: serverKey(server), tenants: [...tenants].sort(), trusted, credential }))
    }

    const ask = Effect.fnUntraced(function*(server: McpServer, { token, trusted }: Asker) {
      const started = yield* Clock.currentTimeMillis
      const { report, tools } = yield* Effect.scoped(source.load({ servers: [server], trusted, token }))
      const [told] = report.servers
      const error = told?.error ?? null
      return {
        answer: error === null ? "listed" : { error },
        tools: tools.map(({ description, name, schema }) => ({ name, description, schema })),
        ms: told?.ms ?? (yield* Clock.currentTimeMillis) - started,
        at: new Date(started)
      } satisfies AskedServer
    })

    const known = new Map<string, Known>()

    /** What has had its time goes when somebody comes. */
    const enter = (key: string, now: number): Known => {
      for (const [old, { asking, until }] of known) if (asking === 0 && until <= now) known.delete(old)
      const there = known.get(key) ?? { gate: Semaphore.makeUnsafe(1), asking: 0, until: 0, asked: unasked }
      known.set(key, there)
      there.asking += 1
      return there
    }

    /** Whoever comes while it is asked finds its answer; if who asked has left without one, the next one asks. */
    const answerOf = Effect.fnUntraced(function*(one: Known, server: McpServer, asker: Asker) {
      if (one.until > (yield* Clock.currentTimeMillis)) return one.asked
      one.asked = yield* ask(server, asker)
      one.until = (yield* Clock.currentTimeMillis) + answersServe
      return one.asked
    })

    return ToolServers.of({
      ask: Effect.fn("ToolServers.ask")(function*(server, asker) {
        if (whoAsks(server, { token: asker.token !== null, trusted: asker.trusted }) === "nobody") return unasked
        const key = keyOf(server, asker)
        return yield* Effect.acquireUseRelease(
          Effect.map(Clock.currentTimeMillis, (now) => enter(key, now)),
          (one) => one.gate.withPermits(1)(answerOf(one, server, asker)),
          (one) => Effect.sync(() => void (one.asking -= 1))
        )
      })
    })
  })
)
