import { Console, Context, Effect, Layer, Option, Redacted } from "effect"
import { demoSecret, mintToken } from "../adapters/demo/DemoTokens.ts"
import { LegalMcp } from "../adapters/demo/LegalMcp.ts"
import { startStandInModel } from "../adapters/demo/StandInModel.ts"
import { agents, loadWorld, people } from "../adapters/demo/World.ts"
import { EmbeddedPostgres } from "../adapters/embedded-postgres/EmbeddedPostgres.ts"
import { SyncScope } from "../domain/SyncScope.ts"
import type { Settings } from "./Config.ts"

const hasProviderKey = ({ providers }: Settings) => Object.values(providers).some(({ apiKey }) => Option.isSome(apiKey))

/** What the demo's own parts make of the settings, and what a visitor needs to try it. */
export class Demo extends Context.Service<Demo, {
  readonly settings: Settings
  readonly welcome: (url: string) => Effect.Effect<void>
}>()("throughline/app/Demo") {}

/** Only where there is no key: with one, nobody wants to talk to a stand-in. */
const standIn = Effect.fnUntraced(function*(settings: Settings) {
  const model = yield* Effect.acquireRelease(
    Effect.promise(startStandInModel),
    (server) => Effect.promise(server.close)
  )
  const openai = { apiKey: Option.some(Redacted.make("stand-in")), baseUrl: Option.some(model.url) }
  return { ...settings, providers: { ...settings.providers, openai } } satisfies Settings
})

const banner = (url: string, tokens: { readonly member: string; readonly other: string }, model: string) => `
Throughline is up at ${url} with the demo world (an embedded Postgres, gone when this process ends).
${model}

A member of Kanzlei Nord:   ${tokens.member}
A member of Immobilien Süd: ${tokens.other}

Ask the Rechts-Assistent, with its tools:

  curl -N ${url}/runs/stream \\
    -H 'authorization: Bearer ${tokens.member}' \\
    -H 'content-type: application/json' \\
    -d '{"assistant_id":"${agents.recht}","stream_mode":"updates","input":{"messages":[{"role":"user","content":"Was sagt § 535 BGB?"}]}}'

The same with the other token is a 404: that agent is not theirs. API: ${url}/docs   Stop: Ctrl-C
`

/**
 * The world of the demo: a Postgres, the agents of Session 72 in it, their MCP server and, if no provider's key is set,
 * a model that says it is none. Its secrets are made here, at each start, and exist nowhere else.
 */
export const demoLayer = (given: Settings) =>
  Layer.effect(
    Demo,
    Effect.gen(function*() {
      const postgres = yield* EmbeddedPostgres
      const url = postgres.url("postgres")
      const { url: legalMcpUrl } = yield* LegalMcp
      yield* loadWorld({ url, generation: "v1", secondOrganisation: true, legalMcpUrl })
      const secret = yield* demoSecret
      const key = hasProviderKey(given)
      const settings = key ? given : yield* standIn(given)
      const token = (userId: string) => Effect.map(mintToken({ secret, userId }), Redacted.value)
      const tokens = { member: yield* token(people.member), other: yield* token(people.otherOrganisation) }
      const model = key
        ? "Models: the providers whose keys are set."
        : "Model: a stand-in that only says what the tools found. Set OPENAI_API_KEY for a real one."
      return Demo.of({
        settings: {
          ...settings,
          databaseUrl: Option.some(url),
          supabaseUrl: Option.none(),
          supabaseJwtSecret: Option.some(secret),
          secretsKey: Option.orElse(given.secretsKey, () => Option.some(secret)),
          syncScope: given.syncScope.given ? given.syncScope : { ...given.syncScope, scope: SyncScope.All() }
        },
        welcome: (serverUrl) => Console.log(banner(serverUrl, tokens, model))
      })
    })
  ).pipe(Layer.provide([EmbeddedPostgres.layer({ fsync: false }), LegalMcp.layer]))
