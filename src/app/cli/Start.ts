import { Duration, Effect, Layer, Option } from "effect"
import { HttpServer } from "effect/http"
import { syncScopeForm } from "../../domain/SyncScope.ts"
import { Storage } from "../../ports/Storage.ts"
import { InvalidSetting, type Settings, settings } from "../Config.ts"
import type { Parts } from "../Parts.ts"
import { serverLayer } from "../ServerLayer.ts"
import { type ServerSettings, serverSettings } from "../ServerSettings.ts"
import { telemetry } from "../Telemetry.ts"

const urlOf = (server: HttpServer.HttpServer["Service"], host: string) =>
  "port" in server.address ? `http://${host}:${server.address.port}` : server.address.path

const warn = (settings: Settings) =>
  settings.syncScope.malformed
    ? Effect.logWarning(`AGENT_SYNC_SCOPE is malformed, so nothing is synced: it must be ${syncScopeForm}`)
    : Effect.void

interface Serving {
  readonly settings: ServerSettings
  readonly swapped?: Partial<Parts>
  readonly welcome?: (url: string) => Effect.Effect<void>
}

const serve = ({ settings, swapped, welcome }: Serving) =>
  Layer.launch(
    Layer.effectDiscard(
      Effect.gen(function*() {
        const url = urlOf(yield* HttpServer.HttpServer, settings.host)
        yield* Effect.logInfo(`Listening at ${url}`)
        if (welcome === undefined) return
        // Whoever follows the welcome at once is not to meet a database that is not ready yet.
        yield* (yield* Storage).awaitReady
        yield* welcome(url)
      })
    ).pipe(Layer.provide(serverLayer(settings, swapped)))
  ).pipe(
    Effect.catchTag("ServeError", ({ cause }) => {
      const why = cause instanceof Error ? cause.message : String(cause)
      return Effect.fail(new InvalidSetting({ variable: "PORT (with HOST)", expected: `one to listen at; ${why}` }))
    })
  )

/** With a database the real thing; without one the demo, whose parts are loaded only then. */
const served = Effect.fnUntraced(function*(given: Settings) {
  yield* warn(given)
  if (Option.isSome(given.databaseUrl)) {
    return yield* serve({ settings: yield* serverSettings(given) })
  }
  const { Demo, demoLayer } = yield* Effect.promise(() => import("../Demo.ts"))
  return yield* Effect.gen(function*() {
    const { settings, signIn, welcome } = yield* Demo
    yield* serve({ settings: yield* serverSettings(settings), swapped: { signIn }, welcome })
  }).pipe(Effect.provide(demoLayer(given)))
})

/** What a stop takes beyond `SHUTDOWN_TIMEOUT_SECONDS`, when much is under way and the database is slow. */
const leavingTakes = Duration.seconds(15)

/** A stop that hangs is not waited for: what this process held is taken over as if it had been killed. */
const leaveWithin = (limit: Duration.Duration) => <A, E, R>(program: Effect.Effect<A, E, R>) => {
  const leave = Effect.logWarning(`Not down ${Duration.format(limit)} after it was told to stop: leaves as it is`).pipe(
    Effect.andThen(Effect.sync(() => process.exit(0)))
  )
  const told = Effect.onInterrupt(Effect.never, () => Effect.forkDetach(Effect.delay(leave, limit)))
  return Effect.raceFirst(program, told)
}

/** The server, until it is told to stop. */
export const start = Effect.fnUntraced(function*() {
  const given = yield* settings
  yield* served(given).pipe(
    leaveWithin(Duration.sum(Duration.seconds(given.shutdownSeconds), leavingTakes)),
    Effect.onInterrupt(() => Effect.logInfo("Stopped")),
    Effect.provide(telemetry(given, process.stdout.isTTY))
  )
})
