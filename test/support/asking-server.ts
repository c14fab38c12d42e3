import { Effect, Layer } from "effect"
import { HttpServer } from "effect/http"
import { environment, settings } from "../../src/app/Config.ts"
import { parts } from "../../src/app/Parts.ts"
import { runProgram } from "../../src/app/Program.ts"
import { serverLayer } from "../../src/app/ServerLayer.ts"
import { serverSettings } from "../../src/app/ServerSettings.ts"
import { telemetry } from "../../src/app/Telemetry.ts"
import { askingBeside } from "./AskingTools.ts"

const listening = Layer.effectDiscard(
  Effect.flatMap(
    HttpServer.HttpServer,
    ({ address }) => Effect.logInfo(`Listening at http://127.0.0.1:${"port" in address ? address.port : "?"}`)
  )
)

/** A server as `throughline start` has it, with a tool more: it asks a person. */
runProgram(
  Effect.gen(function*() {
    const given = yield* settings
    const usable = yield* serverSettings(given)
    const server = serverLayer(usable, { toolSource: askingBeside(parts(usable).toolSource) })
    yield* Layer.launch(Layer.provide(listening, server)).pipe(Effect.provide(telemetry(given, false)))
  }).pipe(Effect.provide(environment(process.env)))
)
