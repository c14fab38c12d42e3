import { Effect, Redacted } from "effect"
import { randomUUID } from "node:crypto"
import { Client } from "pg"
import { inject } from "vitest"
import { loadWorld, type World } from "../../src/adapters/demo/World.ts"

const onServer = (statement: string) =>
  Effect.promise(async () => {
    const client = new Client({ connectionString: inject("postgresUrl") })
    await client.connect()
    await client.query(statement).finally(() => client.end())
  })

const urlOf = (database: string) => {
  const url = new URL(inject("postgresUrl"))
  url.pathname = `/${database}`
  return Redacted.make(url.href)
}

/** An empty database of one's own, dropped when the scope closes, whoever is still connected. */
export const freshDatabase = Effect.acquireRelease(
  Effect.suspend(() => {
    const name = `test_${randomUUID().replaceAll("-", "")}`
    return onServer(`create database ${name}`).pipe(Effect.as(name))
  }),
  (name) => onServer(`drop database if exists ${name} with (force)`)
).pipe(Effect.map(urlOf))

/** A fresh database that holds the consumer's tables and the agents of Session 72. */
export const consumerWorld = Effect.fnUntraced(function*(world: Omit<World, "url">) {
  const url = yield* freshDatabase
  yield* loadWorld({ ...world, url })
  return url
})
