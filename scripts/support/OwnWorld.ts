import { Effect, Redacted } from "effect"
import { randomBytes } from "node:crypto"
import { Client } from "pg"
import { demoSecret, mintToken } from "../../src/adapters/demo/DemoTokens.ts"
import { loadWorld, people } from "../../src/adapters/demo/World.ts"
import { EmbeddedPostgres } from "../../src/adapters/embedded-postgres/EmbeddedPostgres.ts"
import { serverProcess } from "./ServerProcess.ts"

export const connected = (url: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const client = new Client({ connectionString: url })
      await client.connect()
      return client
    }),
    (client) => Effect.promise(() => client.end())
  )

/** A database of its own, with the consumer's tables and the agents of Session 72. */
export const worldDatabase = Effect.fnUntraced(function*(name: string, legalMcpUrl: string) {
  const postgres = yield* EmbeddedPostgres
  yield* Effect.scoped(
    Effect.flatMap(
      connected(Redacted.value(postgres.url("postgres"))),
      (client) => Effect.promise(() => client.query(`create database ${name}`))
    )
  )
  const url = postgres.localUrl(name)
  yield* loadWorld({ url, generation: "v1", secondOrganisation: true, legalMcpUrl })
  return Redacted.value(url)
})

export interface OwnServer {
  readonly databaseUrl: string
  readonly modelUrl: string
  readonly env?: Readonly<Record<string, string>>
  readonly execArgv?: ReadonlyArray<string>
}

/** A server on such a database, its agents synced, with tokens for the people of that world. */
export const ownServer = Effect.fnUntraced(function*({ databaseUrl, env, execArgv = [], modelUrl }: OwnServer) {
  const secret = yield* demoSecret
  const server = yield* serverProcess({
    execArgv,
    env: {
      DATABASE_URL: databaseUrl,
      SUPABASE_JWT_SECRET: Redacted.value(secret),
      SECRETS_KEY: randomBytes(32).toString("base64url"),
      AGENT_SYNC_SCOPE: "all",
      OPENAI_API_KEY: "sk-scripted",
      OPENAI_BASE_URL: modelUrl,
      ...env
    }
  })
  yield* Effect.promise(() => server.line(/Startup sync summary: .*?failed=\d+/))
  const tokenOf = (userId: string) => Effect.map(mintToken({ secret, userId }), Redacted.value)
  return {
    ...server,
    tokenOf,
    tokens: { member: yield* tokenOf(people.member), other: yield* tokenOf(people.otherOrganisation) }
  }
})
