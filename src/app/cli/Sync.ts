import { Console, Data, Effect, Option } from "effect"
import type { SyncPlan } from "../../domain/AgentSync.ts"
import { syncSummary } from "../../domain/AgentSync.ts"
import { parseSyncScope, type SyncScope, syncScopeForm } from "../../domain/SyncScope.ts"
import { AgentSource } from "../../ports/AgentSource.ts"
import { agentsLayer } from "../CommandLayers.ts"
import { InvalidSetting, type Settings, settings as readSettings } from "../Config.ts"
import { databaseSettings } from "../ServerSettings.ts"
import { telemetry } from "../Telemetry.ts"
import { carryOut, planAgents } from "../usecases/SyncAgents.ts"
import { databaseReady } from "./Operator.ts"
import { progress, progressDone } from "./Progress.ts"

/** The exit code tells a script; the agents are named in the output. */
export class AgentsFailed extends Data.TaggedError("AgentsFailed")<{ readonly count: number }> {
  override get message() {
    return `${this.count} agent(s) could not be synced`
  }
}

interface Given {
  readonly scope: Option.Option<string>
  readonly dryRun: boolean
}

const chosenScope = (given: Option.Option<string>, settings: Settings) =>
  Option.match(given, {
    onNone: () => Effect.succeed(settings.syncScope.scope),
    onSome: (text) =>
      Effect.mapError(
        Effect.fromOption(parseSyncScope(text)),
        () => new InvalidSetting({ variable: "--scope", expected: syncScopeForm })
      )
  })

const carriedOut = Effect.fn("sync")(function*(scope: SyncScope, dryRun: boolean) {
  yield* progress("Waiting for the database …")
  yield* databaseReady
  yield* progress("Comparing agents and assistants …")
  const source = yield* AgentSource
  const plan = yield* source.exclusively(Effect.gen(function*() {
    const plan = yield* planAgents(scope)
    if (dryRun) return plan
    yield* progress(`Writing ${plan.create.length + plan.update.length} of ${plan.total} …`)
    yield* carryOut(plan)
    return plan
  }))
  yield* progressDone
  return plan
})

const report = Effect.fnUntraced(function*(plan: SyncPlan, dryRun: boolean) {
  const say = (what: string, id: string, name: string) => Console.log(`${what.padEnd(dryRun ? 14 : 10)} ${id}  ${name}`)
  const word = (done: string, planned: string) => dryRun ? `would ${planned}` : done
  for (const { assistant_id, content } of plan.create) yield* say(word("created", "create"), assistant_id, content.name)
  for (const { assistant_id, content } of plan.update) yield* say(word("updated", "update"), assistant_id, content.name)
  for (const id of plan.retire) yield* say(word("retired", "retire"), id, "")
  for (const { agentId } of plan.writeBack) yield* say(word("wrote id", "write id"), agentId, "")
  for (const { agentId, name, warning } of plan.warnings) yield* say("warning", agentId, `${name}: ${warning}`)
  for (const { agentId, name, reason } of plan.failed) yield* say("FAILED", agentId, `${name}: ${reason}`)
  yield* Console.log(syncSummary(plan, dryRun ? "Dry run" : "Sync"))
})

/** What the start does, by hand, for whichever scope. */
export const sync = Effect.fnUntraced(function*({ dryRun, scope }: Given) {
  const settings = yield* Effect.flatMap(readSettings, databaseSettings)
  const chosen = yield* chosenScope(scope, settings)
  const plan = yield* carriedOut(chosen, dryRun).pipe(
    Effect.provide(agentsLayer(settings)),
    Effect.provide(telemetry({ ...settings, logLevel: "warn" }, process.stdout.isTTY))
  )
  yield* report(plan, dryRun)
  if (plan.failed.length > 0) return yield* new AgentsFailed({ count: plan.failed.length })
})
