import { Data, Effect, Layer, Logger, Option, type Redacted } from "effect"
import { UserId } from "../../domain/Principal.ts"
import { Memberships } from "../../ports/Memberships.ts"
import { Storage } from "../../ports/Storage.ts"
import { settings as readSettings } from "../Config.ts"
import { databaseSettings } from "../ServerSettings.ts"

export class DatabaseAway extends Data.TaggedError("DatabaseAway")<{}> {
  override readonly message = "The database can't be reached: check DATABASE_URL, and that it accepts connections"
}

const patience = "30 seconds"

/** Whoever typed the command is not to wait for a database that does not come. */
export const databaseReady = Effect.flatMap(Storage, ({ awaitReady }) => awaitReady).pipe(
  Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(new DatabaseAway()) })
)

/** The server's settings, and the database that the command line names, if it does. */
export const operatorSettings = Effect.fnUntraced(function*(database: Option.Option<Redacted.Redacted<string>>) {
  const read = yield* readSettings
  return yield* databaseSettings({ ...read, databaseUrl: Option.orElse(database, () => read.databaseUrl) })
})

/** What is wrong is in the answer; a log on the same output would make no JSON of it. */
export const unlogged = <A, E, R>(layer: Layer.Layer<A, E, R>) => Layer.provideMerge(layer, Logger.layer([]))

/** A person by the id that an operator writes. */
export const personAs = (id: string) =>
  Effect.flatMap(Memberships, ({ principal }) => principal(UserId.make(id.toLowerCase())))
