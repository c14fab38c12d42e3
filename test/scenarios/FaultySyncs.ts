import { Effect, Option } from "effect"
import { PgAgentSource } from "../../src/adapters/postgres/PgAgentSource.ts"
import { PgSyncedAssistants } from "../../src/adapters/postgres/PgSyncedAssistants.ts"
import { type Agent, defaultModel, Engine, Ownership } from "../../src/domain/Agent.ts"
import { isJsonObject } from "../../src/domain/Json.ts"
import { AgentSource } from "../../src/ports/AgentSource.ts"
import { SyncedAssistants } from "../../src/ports/Assistants.ts"
import { type Faults, named, playing } from "../support/Faults.ts"
import { altered } from "../support/Parts.ts"
import { assistantIds } from "./AssistantIds.ts"
import { effectiveConfiguration } from "./EffectiveConfiguration.ts"
import { personalAgents } from "./PersonalAgents.ts"
import { interruptedSync } from "./Replicas.ts"
import { foreignEngines, retiredAgents } from "./RetiredAgents.ts"
import { samplingParameters } from "./SamplingParameters.ts"
import { session72 } from "./Session72.ts"
import { syncedAgents } from "./SyncedAgents.ts"
import { lookThrough } from "./SyncScopes.ts"

type Source = AgentSource["Service"]

const source = (change: (real: Source) => Partial<Source>) => () => ({
  agentSource: altered(AgentSource, PgAgentSource, change)
})

/** Agents that are read as something else than what their rows say. */
const misread = (as: (agent: Agent) => Agent) =>
  source(({ find, list, seenBy }) => ({
    list: (scope) => Effect.map(list(scope), (agents) => agents.map(as)),
    find: (id) => Effect.map(find(id), Option.map(as)),
    seenBy: (id, userId) => Effect.map(seenBy(id, userId), (seen) => ({ ...seen, agent: Option.map(seen.agent, as) }))
  }))

const only = (keys: ReadonlyArray<string>) => (agent: Agent): Agent => ({
  ...agent,
  sampling: isJsonObject(agent.sampling)
    ? Object.fromEntries(Object.entries(agent.sampling).filter(([key]) => keys.includes(key)))
    : agent.sampling
})

/** Faults of how agents become assistants. */
export const faultySyncs: Faults = {
  "ids are not written back": {
    swapped: source(() => ({ writeBack: () => Effect.void })),
    caughtBy: playing(session72),
    noticed: /the id is written back/
  },
  "ids are written back once and never repaired": {
    swapped: source(({ writeBack }) => {
      let written = false
      return {
        writeBack: (pairs) => {
          if (written) return Effect.void
          written = true
          return writeBack(pairs)
        }
      }
    }),
    caughtBy: named(syncedAgents, "a wrong id is repaired by whoever looks the assistant up"),
    noticed: /to equal 'a0000000-0000-4000-a000-000000000002'/
  },
  "nothing is ever retired": {
    swapped: () => ({
      syncedAssistants: altered(SyncedAssistants, PgSyncedAssistants, ({ apply }) => ({
        apply: (plan) => apply({ ...plan, retire: [] })
      }))
    }),
    caughtBy: named(
      retiredAgents,
      "an agent that is switched off, deleted or gone is not there; its threads are, and it comes back"
    ),
    noticed: /expected 200 to equal 404/
  },
  "what is configured alike is one assistant": {
    swapped: () => {
      const known = new Set<string>()
      return {
        syncedAssistants: altered(SyncedAssistants, PgSyncedAssistants, ({ apply }) => ({
          apply: (plan) => {
            const fresh = plan.create.filter(({ content }) => !known.has(JSON.stringify(content.config)))
            for (const { content } of plan.create) known.add(JSON.stringify(content.config))
            return apply({ ...plan, create: fresh })
          }
        }))
      }
    },
    caughtBy: named(syncedAgents, "two agents that are alike are two assistants"),
    noticed: /404/
  },
  "a sync is not one transaction": {
    swapped: source(() => ({ exclusively: (work) => work })),
    caughtBy: interruptedSync,
    noticed: /to deeply equal \[\]/
  },
  "an agent without an engine passes for one of gpt-4o": {
    swapped: misread((agent) => ({
      ...agent,
      engine: agent.engine._tag === "None" ? Engine.Resolved({ model: defaultModel }) : agent.engine
    })),
    caughtBy: named(syncedAgents, "an agent without an engine runs on gpt-4o, and that is said"),
    noticed: /to have a length of 1/
  },
  "a foreign engine passes for none": {
    swapped: misread((agent) => ({
      ...agent,
      engine: Engine.$is("Foreign")(agent.engine) ? Engine.None() : agent.engine
    })),
    caughtBy: named(foreignEngines, "an agent on a foreign engine answers nobody, and says to its own why"),
    world: { generation: "v2" },
    noticed: /expected 200 to equal 422/
  },
  "two sampling parameters are enough": {
    swapped: misread(only(["temperature", "max_tokens"])),
    caughtBy: named(samplingParameters, "each parameter of the row reaches the model, and follows the row"),
    world: { generation: "v2" },
    noticed: /to have deep property|to include|to deeply/
  },
  "one's own agent is the organisation's": {
    swapped: misread((agent) => ({ ...agent, ownership: Ownership.Organization() })),
    caughtBy: named(personalAgents, "a member's own agent is that member's alone"),
    world: { generation: "v2" },
    noticed: /expected 200 to equal 404/
  },
  "only what the start has synced is there": {
    swapped: source(({ seenBy }) => ({
      find: () => Effect.succeedNone,
      seenBy: (id, userId) => Effect.map(seenBy(id, userId), (seen) => ({ ...seen, agent: Option.none() }))
    })),
    caughtBy: named(lookThrough, "nothing is synced before somebody who may see it asks for it"),
    world: { syncScope: "none" },
    noticed: /404/
  },
  "a row is read once": {
    swapped: source(({ seenBy }) => {
      const read = new Map<string, Option.Option<Agent>>()
      return {
        seenBy: (id, userId) =>
          Effect.map(seenBy(id, userId), ({ agent, principal }) => {
            const known = read.get(id) ?? agent
            read.set(id, known)
            return { agent: known, principal }
          })
      }
    }),
    caughtBy: named(
      effectiveConfiguration,
      "an edited row reaches the next message of a thread, and another assistant is another one"
    ),
    noticed: /to include 'Du bist jetzt Notar\.'/
  },
  "an agent's id is anybody's before it is synced": {
    swapped: source(() => ({ has: () => Effect.succeed(false) })),
    caughtBy: named(assistantIds, "an agent's id, or a graph's default's, is not for taking"),
    world: { syncScope: "none" },
    noticed: /expected 200 to equal 409/
  }
}
