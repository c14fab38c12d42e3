import { Console, Context, Effect, Layer, Option, Redacted } from "effect"
import { mintToken } from "../adapters/demo/DemoTokens.ts"
import { keptSecrets } from "../adapters/demo/KeptSecrets.ts"
import { startLegalMcp } from "../adapters/demo/LegalMcp.ts"
import { startStandInModel } from "../adapters/demo/StandInModel.ts"
import { agents, lastLegalMcpPort, loadWorld, people } from "../adapters/demo/World.ts"
import { EmbeddedPostgres } from "../adapters/embedded-postgres/EmbeddedPostgres.ts"
import type { UserId } from "../domain/Principal.ts"
import { SyncScope } from "../domain/SyncScope.ts"
import { type DemoPerson, SignIn } from "../ports/SignIn.ts"
import { InvalidSetting, type Settings } from "./Config.ts"
import { demoFolder } from "./DemoFolder.ts"

const hasProviderKey = ({ providers }: Settings) => Object.values(providers).some(({ apiKey }) => Option.isSome(apiKey))

/** What the demo's own parts make of the settings, and what a visitor needs to try it. */
export class Demo extends Context.Service<Demo, {
  readonly settings: Settings
  /** Whoever looks at the console picks whom to be. */
  readonly signIn: Layer.Layer<SignIn>
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

interface Welcome {
  readonly url: string
  readonly folder: string
  readonly tokens: { readonly member: string; readonly other: string }
  readonly model: string
}

const banner = ({ folder, model, tokens, url }: Welcome) => `
Throughline is up at ${url} with the demo world, on an embedded Postgres.
Data and secrets stay in ${folder} (DATA_DIRECTORY): to start afresh, stop and remove that folder.
${model}

To look at the agents, and to talk to them: ${url}/console

A member of Kanzlei Nord:   ${tokens.member}
A member of Immobilien Süd: ${tokens.other}

Ask the Rechts-Assistent, with its tools:

  curl -N ${url}/runs/stream \\
    -H 'authorization: Bearer ${tokens.member}' \\
    -H 'content-type: application/json' \\
    -d '{"assistant_id":"${agents.recht}","stream_mode":"updates","input":{"messages":[{"role":"user","content":"Was sagt § 535 BGB?"}]}}'

The same with the other token is a 404: that agent is not theirs. API: ${url}/docs   Stop: Ctrl-C
`

/** Everybody there is in the world, by what they are in it. */
const cast: ReadonlyArray<Omit<DemoPerson, "token">> = [
  { name: "A member", organization: "Kanzlei Nord", userId: people.member },
  { name: "An admin", organization: "Kanzlei Nord", userId: people.admin },
  { name: "A member", organization: "Immobilien Süd", userId: people.otherOrganisation },
  { name: "A stranger", organization: null, userId: people.noOrganisation }
]

/** On the port that it had before, if it can be: what runs had when they were cut off is still right then. */
const legalMcp = Effect.fnUntraced(function*(databaseUrl: Redacted.Redacted<string>) {
  const port = yield* lastLegalMcpPort(databaseUrl)
  return yield* Effect.acquireRelease(
    Effect.promise(() => startLegalMcp(port)),
    (server) => Effect.promise(server.close)
  )
})

/** The embedded Postgres, where the operator or the working directory says. */
const database = (given: Settings) =>
  Layer.unwrap(Effect.map(demoFolder(given), (directory) => EmbeddedPostgres.layer({ directory }))).pipe(
    Layer.catchTag(
      "UnusableFolder",
      ({ expected }) =>
        Layer.effect(EmbeddedPostgres, Effect.fail(new InvalidSetting({ variable: "DATA_DIRECTORY", expected })))
    )
  )

/**
 * The world of the demo: a Postgres, the agents of Session 72 in it, their MCP server and, if no provider's key is set,
 * a model that says it is none. Its data and its secrets are kept in one folder, from start to start.
 */
export const demoLayer = (given: Settings) =>
  Layer.effect(
    Demo,
    Effect.gen(function*() {
      const { folder, localUrl: urlOf } = yield* EmbeddedPostgres
      const url = urlOf("postgres")
      const { url: legalMcpUrl } = yield* legalMcp(url)
      yield* loadWorld({ url, generation: "v1", secondOrganisation: true, legalMcpUrl })
      const { jwtSecret, secretsKey } = yield* keptSecrets(folder)
      const key = hasProviderKey(given)
      const settings = key ? given : yield* standIn(given)
      const token = (userId: UserId) => Effect.map(mintToken({ secret: jwtSecret, userId }), Redacted.value)
      const tokens = { member: yield* token(people.member), other: yield* token(people.otherOrganisation) }
      const model = key
        ? "Models: the providers whose keys are set."
        : "Model: a stand-in that only says what the tools found. Set OPENAI_API_KEY for a real one."
      return Demo.of({
        settings: {
          ...settings,
          databaseUrl: Option.some(url),
          supabaseUrl: Option.none(),
          supabaseJwtSecret: Option.some(jwtSecret),
          secretsKey: Option.orElse(given.secretsKey, () => Option.some(secretsKey)),
          syncScope: given.syncScope.given ? given.syncScope : { ...given.syncScope, scope: SyncScope.All() }
        },
        signIn: Layer.succeed(SignIn, {
          supabase: Option.none(),
          demoPeople: Option.some(
            Effect.forEach(cast, (person) => Effect.map(token(person.userId), (token) => ({ ...person, token })))
          )
        }),
        welcome: (url) => Console.log(banner({ url, folder, tokens, model }))
      })
    })
  ).pipe(Layer.provide(database(given)))
