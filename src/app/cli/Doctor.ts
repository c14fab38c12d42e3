import { Console, Data, Effect, Option } from "effect"
import { isUuid } from "../../domain/AssistantId.ts"
import { OrganizationId } from "../../domain/Principal.ts"
import { SyncScope } from "../../domain/SyncScope.ts"
import { InvalidSetting } from "../InvalidSetting.ts"
import type { Which } from "../usecases/FoundAgents.ts"
import type { Given } from "./DoctorFlags.ts"
import { brokenIn, type Findings, mendable, report } from "./DoctorReport.ts"
import { progressDone } from "./Progress.ts"
import { bothWays, NotTogether } from "./Ways.ts"

/** The exit code tells CI; what is broken is in the output. */
class Broken extends Data.TaggedError("Broken")<{ readonly agents: number; readonly leftovers: number }> {
  override get message() {
    const leftovers = this.leftovers === 0 ? "" : `; ${this.leftovers} thing(s) left over from before`
    return `${this.agents} agent(s) broken${leftovers}`
  }
}

const refused = (given: Given): string | undefined => {
  const there = Option.isSome(given.url)
  if (there && Option.isSome(given.database)) return bothWays
  if (there && given.fix) return "--fix is for whoever has the database: use it with --database, not with --url"
  if (there && Option.isSome(given.as)) return "--as goes with --database: with --url the token says who is looking"
  const chosen = [given.agent.length > 0, given.org.length > 0, given.all].filter(Boolean).length
  return chosen > 1 ? "--agent, --org and --all are three ways to choose: use one" : undefined
}

const uuids = (flag: string, ids: ReadonlyArray<string>) =>
  ids.every(isUuid)
    ? Effect.succeed(ids.map((id) => id.toLowerCase()))
    : Effect.fail(new InvalidSetting({ variable: flag, expected: "a UUID" }))

const chosen = Effect.fnUntraced(function*({ agent, org }: Given): Effect.fn.Return<Which, InvalidSetting> {
  if (agent.length > 0) return { _tag: "Agents", ids: yield* uuids("--agent", agent) }
  if (org.length === 0) return { _tag: "Scope", scope: SyncScope.All() }
  const ids = (yield* uuids("--org", org)).map((id) => OrganizationId.make(id))
  return { _tag: "Scope", scope: SyncScope.Organizations({ ids }) }
})

/** Each way brings the parts that it is made of. */
const found = Effect.fnUntraced(function*(given: Given, which: Which) {
  if (Option.isNone(given.url)) {
    const { here } = yield* Effect.promise(() => import("./DoctorHere.ts"))
    return yield* here(given, which)
  }
  const { there } = yield* Effect.promise(() => import("./DoctorThere.ts"))
  return yield* there({ ...given, url: given.url.value }, which)
})

const tell = Effect.fnUntraced(function*(findings: Findings, json: boolean) {
  yield* progressDone
  if (json) return yield* Console.log(JSON.stringify(findings, null, 2))
  yield* Console.log(report(findings, process.stdout.isTTY))
})

export const doctor = Effect.fnUntraced(function*(given: Given) {
  const why = refused(given)
  if (why !== undefined) return yield* new NotTogether({ message: why })
  const which = yield* chosen(given)
  const findings = yield* Effect.ensuring(found(given, which), progressDone)
  yield* tell(findings, given.json)
  const agents = brokenIn(findings), leftovers = mendable(findings).length
  if (agents + leftovers > 0) return yield* new Broken({ agents, leftovers })
})
