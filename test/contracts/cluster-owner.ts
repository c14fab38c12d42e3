import { Effect, Redacted } from "effect"
import { Client } from "pg"
import { EmbeddedPostgres } from "../../src/adapters/embedded-postgres/EmbeddedPostgres.ts"

/** A program for a test to kill: it keeps a row in the folder that it is given, says so, and stays. */
const keepOneRow = Effect.gen(function*() {
  const { url } = yield* EmbeddedPostgres
  const client = new Client({ connectionString: Redacted.value(url("postgres")) })
  yield* Effect.promise(async () => {
    await client.connect()
    await client.query("create table kept as select 42 as answer")
    const { rows } = await client.query<{ pid: string }>(
      "select split_part(pg_read_file('postmaster.pid'), chr(10), 1) as pid"
    )
    console.log(`kept by Postgres ${rows[0]?.pid}`)
  })
  return yield* Effect.never
})

const [, , directory = ""] = process.argv
await Effect.runPromise(Effect.provide(keepOneRow, EmbeddedPostgres.layer({ directory })))
