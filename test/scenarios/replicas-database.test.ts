import { Effect, Redacted } from "effect"
import { test } from "vitest"
import { restartablePostgres } from "../../scripts/chaos/RestartablePostgres.ts"
import { pgBouncer, pgBouncerMissing } from "../support/PgBouncer.ts"
import { calm, onReplicas, playOnReplicas } from "../support/ReplicaServers.ts"
import { databaseTroubles, throughTrouble } from "./DatabaseTroubles.ts"
import { pooledChat } from "./PooledReplicas.ts"

playOnReplicas("two replicas whose database", databaseTroubles)

test(
  "runs go on by themselves where Postgres is restarted",
  () =>
    Effect.runPromise(Effect.scoped(Effect.gen(function*() {
      const postgres = yield* restartablePostgres
      const databaseUrl = Redacted.make(postgres.url("postgres"))
      yield* Effect.promise(() =>
        onReplicas(async (world) => {
          const both = await world.startTwo({ RUN_HEARTBEAT_SECONDS: "15" })
          await throughTrouble(world, both, { during: () => postgres.restart("fast").then(() => {}), ms: 2_000 })
        }, { databaseUrl })
      )
    }))),
  400_000
)

const missing = await pgBouncerMissing()

test.skipIf(missing !== undefined)(
  `a whole chat works through PgBouncer in transaction mode${missing ? `: ${missing}` : ""}`,
  () =>
    onReplicas((world) =>
      Effect.runPromise(
        Effect.scoped(Effect.flatMap(pgBouncer(world.databaseUrl, 6), ({ url }) =>
          Effect.promise(async () => {
            const both = await world.startTwo({
              ...calm,
              DATABASE_URL: Redacted.value(url),
              DATABASE_DIRECT_URL: Redacted.value(world.databaseUrl)
            })
            await pooledChat(world, both)
          })))
      )
    ),
  400_000
)
