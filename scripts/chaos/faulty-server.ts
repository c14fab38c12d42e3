import { Data, Effect, Layer } from "effect"
import { environment, settings } from "../../src/app/Config.ts"
import { runProgram } from "../../src/app/Program.ts"
import { serverLayer } from "../../src/app/ServerLayer.ts"
import { serverSettings } from "../../src/app/ServerSettings.ts"
import { telemetry } from "../../src/app/Telemetry.ts"
import { controls, faults } from "./Faults.ts"

class UnknownFault extends Data.TaggedError("UnknownFault")<{ readonly name: string }> {
  override get message() {
    return `There is no fault ${this.name}; there are: ${Object.keys({ ...faults, ...controls }).join(", ")}`
  }
}

/** A server as `throughline start` has it, but for one part: whoever checks must notice. */
runProgram(
  Effect.gen(function*() {
    const [, , name = ""] = process.argv
    const swapped = faults[name] ?? controls[name]
    if (swapped === undefined) return yield* new UnknownFault({ name })
    const given = yield* settings
    const usable = yield* serverSettings(given)
    yield* Layer.launch(serverLayer(usable, swapped(usable))).pipe(Effect.provide(telemetry(given, false)))
  }).pipe(Effect.provide(environment(process.env)))
)
