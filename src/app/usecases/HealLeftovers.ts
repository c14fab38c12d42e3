import { Effect, Result } from "effect"
import { assistantIdOf, prospect } from "../../domain/Agent.ts"
import { assistantOf } from "../../domain/AgentAssistant.ts"
import { type Healing, healing, isOldCopy, type Leftover } from "../../domain/Leftover.ts"
import type { Principal, UserId } from "../../domain/Principal.ts"
import { canSee } from "../../domain/Visibility.ts"
import { AgentGraphs } from "../../ports/AgentGraphs.ts"
import { Leftovers } from "../../ports/Leftovers.ts"
import { Memberships } from "../../ports/Memberships.ts"
import { foundAgents, type Which } from "./FoundAgents.ts"
import type { Mended } from "./Mended.ts"

/** Whoever is concerned by leftovers, as they belong to organisations now. */
const peopleOf = Effect.fnUntraced(function*(leftovers: ReadonlyArray<Leftover>) {
  const memberships = yield* Memberships
  const users = new Set(
    leftovers.flatMap(({ owners, provenance }) => provenance._tag === "Member" ? [...owners, provenance.owner] : owners)
  )
  return new Map(
    yield* Effect.forEach(
      users,
      (user) => Effect.map(memberships.principal(user), (principal): readonly [UserId, Principal] => [user, principal]),
      {
        concurrency: 4
      }
    )
  )
})

/** What is to be done about what an older runtime or front end left beside the agents' own assistants. */
export const planLeftovers = Effect.fn("planLeftovers")(function*(which: Which) {
  const agents = new Map((yield* foundAgents(which)).map((agent) => [String(assistantIdOf(agent)), agent]))
  const leftovers = yield* (yield* Leftovers).of([...agents.values()].map(assistantIdOf))
  const { names } = yield* AgentGraphs
  const people = yield* peopleOf(leftovers)
  return leftovers.flatMap((leftover): ReadonlyArray<Healing> => {
    const agent = agents.get(leftover.agent_id)
    if (agent === undefined) return []
    return [healing(leftover, agent, {
      canRun: Result.isSuccess(assistantOf(agent, names)),
      maySee: (user) => {
        const person = people.get(user)
        return person !== undefined && canSee(person, prospect(agent))
      }
    })]
  })
})

/** How many threads and crons of a leftover's have moved. */
type Moved = Effect.Success<ReturnType<Leftovers["Service"]["heal"]>>

/** What is done about one, or would be. */
export const linesOfLeftover = (
  { left, leftover, remove, successor }: Healing,
  moved: Moved = new Map()
): ReadonlyArray<Mended> => {
  const { assistant_id: id, name } = leftover
  const { crons = 0, threads = 0 } = moved.get(id) ?? {}
  const whose = isOldCopy(leftover) ? "an old runtime's copy" : "a bare copy"
  return [
    ...(crons + threads === 0
      ? []
      : [{ what: "re-pointed", id, note: `${threads} thread(s), ${crons} cron(s) to ${successor}` }]),
    ...(remove ? [{ what: "removed", id, note: `${whose} of ${successor}: ${name}` }] : []),
    ...(left === null ? [] : [{ what: "left", id, note: `${name}, beside ${successor}: ${left}` }])
  ]
}

/** Inside `AgentSource.exclusively`. */
export const healLeftovers = Effect.fn("healLeftovers")(function*(which: Which) {
  const healings = yield* planLeftovers(which)
  const leftovers = yield* Leftovers
  const moved = yield* leftovers.heal(healings.filter(({ remove, repoint }) => remove || repoint.length > 0))
  return healings.flatMap((healing) => linesOfLeftover(healing, moved))
})
