import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Option, Redacted } from "effect"
import { decodeJwt } from "jose"
import { organizations } from "../../src/adapters/demo/World.ts"
import { SupabaseTokens } from "../../src/adapters/jwt/SupabaseTokens.ts"
import { PgAgentSource } from "../../src/adapters/postgres/PgAgentSource.ts"
import { PgAssistants } from "../../src/adapters/postgres/PgAssistants.ts"
import { PgMemberships } from "../../src/adapters/postgres/PgMemberships.ts"
import { PgRuns } from "../../src/adapters/postgres/PgRuns.ts"
import { PgThreads } from "../../src/adapters/postgres/PgThreads.ts"
import { AssistantId } from "../../src/domain/Assistant.ts"
import { type Principal, UserId } from "../../src/domain/Principal.ts"
import { AgentSource } from "../../src/ports/AgentSource.ts"
import { Assistants } from "../../src/ports/Assistants.ts"
import { Memberships } from "../../src/ports/Memberships.ts"
import { Runs } from "../../src/ports/Runs.ts"
import { Threads } from "../../src/ports/Threads.ts"
import { TokenVerifier } from "../../src/ports/TokenVerifier.ts"
import { type Faults, named } from "../support/Faults.ts"
import { altered } from "../support/Parts.ts"
import { assistantIds } from "./AssistantIds.ts"
import { effectiveConfiguration } from "./EffectiveConfiguration.ts"
import { membership, memberships } from "./Membership.ts"
import { privateThreads } from "./PrivateThreads.ts"
import { visibleAssistants } from "./VisibleAssistants.ts"

type Store = Assistants["Service"]

const assistants = (change: (real: Store) => Partial<Store>) => () => ({
  assistants: altered(Assistants, PgAssistants, change)
})

const loner = ({ userId }: Principal): Principal => ({ userId, memberships: [] })
const everywhere = ({ userId }: Principal): Principal => ({
  userId,
  memberships: Object.values(organizations).map((organizationId) => ({ organizationId, role: "member" }))
})

/** Whoever asks, whosever it is: the owner of a row is looked up and asked for it. */
const asOwner = Effect.fnUntraced(function*(threadId: string) {
  const sql = yield* PgClient.PgClient
  const [row] = yield* Effect.orDie(sql`select owner_id from langgraph_server.threads where id = ${threadId}`)
  return { userId: UserId.make(String(row?.["owner_id"] ?? "nobody")), memberships: [] }
})

const replacing = Layer.effect(
  Assistants,
  Effect.gen(function*() {
    const real = yield* Assistants
    const sql = yield* PgClient.PgClient
    return Assistants.of({
      ...real,
      create: (id, content, owner) =>
        Effect.orDie(sql`delete from langgraph_server.assistants where id = ${id} and source = 'member'`).pipe(
          Effect.andThen(real.create(id, content, owner))
        )
    })
  })
).pipe(Layer.provide(PgAssistants))

const forEverybody = Layer.effect(
  Threads,
  Effect.gen(function*() {
    const real = yield* Threads
    const sql = yield* PgClient.PgClient
    return Threads.of({
      ...real,
      find: (id) =>
        asOwner(id).pipe(Effect.flatMap((owner) => real.find(id, owner)), Effect.provideService(PgClient.PgClient, sql))
    })
  })
).pipe(Layer.provide(PgThreads))

const runsForEverybody = Layer.effect(
  Runs,
  Effect.gen(function*() {
    const real = yield* Runs
    const sql = yield* PgClient.PgClient
    return Runs.of({
      ...real,
      find: (threadId, runId) =>
        asOwner(threadId).pipe(
          Effect.flatMap((owner) => real.find(threadId, runId, owner)),
          Effect.provideService(PgClient.PgClient, sql)
        )
    })
  })
).pipe(Layer.provide(PgRuns))

const neverForgetting = altered(Memberships, PgMemberships, ({ principal }) => {
  const known = new Map<string, Principal>()
  return {
    principal: (userId) =>
      Option.match(Option.fromUndefinedOr(known.get(userId)), {
        onNone: () => Effect.tap(principal(userId), (found) => Effect.sync(() => known.set(userId, found))),
        onSome: Effect.succeed
      })
  }
})
const withOldMemberships = await memberships(neverForgetting)

const strangers = named(visibleAssistants, "to everybody else they are not there")

/** Faults of who sees what. */
export const faultyStores: Faults = {
  "a store that ignores the ids it is given": {
    swapped: assistants(({ create }) => ({
      create: (_, content, owner) => create(AssistantId.make(crypto.randomUUID()), content, owner)
    })),
    caughtBy: named(assistantIds, "an id that the caller gives is kept, one that is missing is made"),
    noticed: /to equal/
  },
  "only owners see what is synced": {
    swapped: assistants(({ count, find, search }) => ({
      find: (id, principal) => find(id, loner(principal)),
      search: (query, principal) => search(query, loner(principal)),
      count: (filter, principal) => count(filter, loner(principal))
    })),
    caughtBy: named(visibleAssistants, "an organisation's agents are its members', to look at and to run"),
    noticed: /to be a superset|to include/
  },
  "everybody may look up what is synced": {
    swapped: () => ({
      agentSource: altered(AgentSource, PgAgentSource, ({ seenBy }) => ({
        seenBy: (id, userId) =>
          Effect.map(seenBy(id, userId), ({ agent, principal }) => ({ agent, principal: everywhere(principal) }))
      }))
    }),
    caughtBy: strangers,
    noticed: /expected 200 to equal 404/
  },
  "searches show what everybody has": {
    swapped: assistants(({ search }) => ({ search: (query, principal) => search(query, everywhere(principal)) })),
    caughtBy: strangers,
    noticed: /to not include/
  },
  "counts count what everybody has": {
    swapped: assistants(({ count }) => ({ count: (filter, principal) => count(filter, everywhere(principal)) })),
    caughtBy: named(visibleAssistants, "a count counts what a search shows, whatever the filter"),
    noticed: /to equal/
  },
  "creating replaces what is there": {
    swapped: () => ({ assistants: replacing }),
    caughtBy: named(assistantIds, "an id that is taken is refused, and what has it stays as it is"),
    noticed: /expected 200 to equal 409/
  },
  "a change that leaves out erases": {
    swapped: assistants(({ update }) => ({
      update: (id, change, owner) => update(id, (present) => ({ ...change(present), config: {} }), owner)
    })),
    caughtBy: named(
      effectiveConfiguration,
      "an assistant that is renamed keeps its configuration; what stays the same is no version"
    ),
    noticed: /to deeply equal/
  },
  "everybody is a member of everything": {
    swapped: () => ({
      memberships: altered(Memberships, PgMemberships, ({ principal }) => ({
        principal: (userId) => Effect.map(principal(userId), everywhere)
      }))
    }),
    caughtBy: strangers,
    noticed: /to not include/
  },
  "a token is believed without a look at its signature": {
    swapped: ({ supabaseJwtSecret, supabaseUrl }) => ({
      tokenVerifier: altered(
        TokenVerifier,
        SupabaseTokens.layer({ jwtSecret: supabaseJwtSecret, supabaseUrl }),
        () => ({
          verify: (token) => {
            const { exp = 0, sub = "" } = decodeJwt(Redacted.value(token))
            return Effect.succeed({ userId: UserId.make(sub), expiresAt: exp })
          }
        })
      )
    }),
    caughtBy: named(privateThreads, "a token that this project has not signed is none"),
    noticed: /expected 200 to equal 401/
  },
  "memberships are remembered for ever": {
    swapped: withOldMemberships.swapped,
    caughtBy: named(
      membership(withOldMemberships.pass),
      "who leaves an organisation has lost its agents at once, in lists 2 s later, and keeps their own threads"
    ),
    noticed: /to not include/
  },
  "memberships are remembered for a run": {
    swapped: () => {
      const known = new Map<string, Principal>()
      return {
        agentSource: altered(AgentSource, PgAgentSource, ({ seenBy }) => ({
          seenBy: (id, userId) =>
            Effect.map(seenBy(id, userId), ({ agent, principal }) => {
              const remembered = known.get(userId) ?? principal
              known.set(userId, remembered)
              return { agent, principal: remembered }
            })
        }))
      }
    },
    caughtBy: named(
      membership(() => Promise.resolve()),
      "who leaves an organisation has lost its agents at once, in lists 2 s later, and keeps their own threads"
    ),
    noticed: /expected 200 to equal 404/
  },
  "a thread is found by its id alone": {
    swapped: () => ({ threads: forEverybody }),
    caughtBy: named(privateThreads, "a thread, its state, its history and its runs are its owner's alone"),
    noticed: /GET \/threads\/\S+ as admin: expected 200 to equal 404/
  },
  "a run is found by its id alone": {
    swapped: () => ({ runs: runsForEverybody }),
    caughtBy: named(privateThreads, "a thread, its state, its history and its runs are its owner's alone"),
    noticed: /runs\/\S+ as admin: expected 200 to equal 404/
  },
  "who searched first is who searches": {
    swapped: () => {
      const first: Array<Principal> = []
      return {
        threads: altered(Threads, PgThreads, ({ search }) => ({
          search: (query, principal) => {
            first.push(principal)
            return search(query, first[0] ?? principal)
          }
        }))
      }
    },
    caughtBy: named(privateThreads, "lists and counts of threads hold one's own only"),
    noticed: /to not include/
  }
}
