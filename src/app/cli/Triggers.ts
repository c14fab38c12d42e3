import { Console, Data, Effect } from "effect"
import { AgentTriggers, type TableTrigger } from "../../ports/AgentTriggers.ts"
import { triggersLayer } from "../CommandLayers.ts"
import { settings as readSettings } from "../Config.ts"
import { databaseSettings } from "../ServerSettings.ts"
import { telemetry } from "../Telemetry.ts"

/** For a script that wants to know whether lists follow at once. */
export class TriggersIncomplete extends Data.TaggedError("TriggersIncomplete")<{ readonly count: number }> {
  override get message() {
    return `${this.count} table(s) don't tell of their changes; "throughline triggers install" mends that`
  }
}

const words: Record<TableTrigger["state"], string> = {
  installed: "tells of its changes",
  missing: "no trigger of ours",
  disabled: "the trigger is there, and disabled",
  impossible: "not a table, or not there: can't have a trigger"
}

const report = (tables: ReadonlyArray<TableTrigger>) =>
  Effect.forEach(tables, ({ state, table }) => Console.log(`${table.padEnd(28)} ${words[state]}`), { discard: true })

const withTriggers = Effect.fnUntraced(function*<A, E>(
  work: (triggers: AgentTriggers["Service"]) => Effect.Effect<A, E>
) {
  const settings = yield* Effect.flatMap(readSettings, databaseSettings)
  return yield* Effect.flatMap(AgentTriggers, work).pipe(
    Effect.provide(triggersLayer(settings)),
    Effect.provide(telemetry({ ...settings, logLevel: "warn" }, process.stdout.isTTY))
  )
})

export const install = () =>
  withTriggers(({ install }) => install).pipe(
    Effect.flatMap(report),
    Effect.andThen(Console.log("Lists follow at once. Servers that run notice by themselves."))
  )

export const remove = () =>
  withTriggers(({ remove }) => remove).pipe(
    Effect.flatMap(report),
    Effect.andThen(Console.log("Nothing is left behind. Lists follow within two seconds, as before."))
  )

export const status = Effect.fnUntraced(function*() {
  const tables = yield* withTriggers(({ status }) => status)
  yield* report(tables)
  const count = tables.filter(({ state }) => state !== "installed").length
  // None at all is a choice; some are a mistake.
  if (count > 0 && count < tables.length) return yield* new TriggersIncomplete({ count })
})
