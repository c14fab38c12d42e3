import { Clock, Effect, Layer, Redacted } from "effect"
import { canonicalJson } from "../domain/Json.ts"
import { type McpServer, serverKey } from "../domain/McpConfig.ts"
import { ContentDigest } from "../ports/ContentDigest.ts"
import type { RunCredentials } from "../ports/RunCredentials.ts"
import { type AskedServer, ToolServers, unasked } from "../ports/ToolServers.ts"
import { ToolSource } from "../ports/ToolSource.ts"

interface Question {
  readonly server: McpServer
  readonly token: RunCredentials["token"]
}

/** A page that follows what happens asks every two seconds; a server is not to notice how many people look. */
const answersServe = 3_000

/** Of a token there is only its digest, and none where the server doesn't get it. */
const keyOf = ({ server, token }: Question, digest: (text: string) => string): string => {
  const credential = server.auth_required === true && token !== null ? digest(Redacted.value(token)) : null
  return digest(canonicalJson({ server: serverKey(server), credential }))
}

export const toolServers = Layer.effect(
  ToolServers,
  Effect.gen(function*() {
    const source = yield* ToolSource
    const { digest } = yield* ContentDigest

    const ask = Effect.fnUntraced(function*({ server, token }: Question) {
      const started = yield* Clock.currentTimeMillis
      const { report, tools } = yield* Effect.scoped(source.load({ servers: [server], trusted: true, token }))
      const [told] = report.servers
      const error = told?.error ?? null
      return {
        answer: error === null ? "listed" : { error },
        tools: tools.map(({ description, name, schema }) => ({ name, description, schema })),
        ms: told?.ms ?? (yield* Clock.currentTimeMillis) - started
      } satisfies AskedServer
    })

    const kept = new Map<string, { readonly until: number; readonly asked: AskedServer }>()

    /** What has had its time goes when something new comes. */
    const keep = (key: string, asked: AskedServer, now: number) => {
      for (const [old, { until }] of kept) if (until <= now) kept.delete(old)
      kept.set(key, { until: now + answersServe, asked })
    }

    return ToolServers.of({
      ask: Effect.fn("ToolServers.ask")(function*(server, token) {
        if (server.auth_required === true && token === null) return unasked
        const question = { server, token }
        const key = keyOf(question, digest)
        const found = kept.get(key)
        if (found !== undefined && found.until > (yield* Clock.currentTimeMillis)) return found.asked
        const asked = yield* ask(question)
        keep(key, asked, yield* Clock.currentTimeMillis)
        return asked
      })
    })
  })
)
