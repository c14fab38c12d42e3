import { Effect, Option } from "effect"
import type { AssistantChange, AssistantConfig, AssistantContent } from "../../domain/Assistant.ts"
import {
  applyChange,
  AssistantExists,
  AssistantNotFound,
  AssistantReadOnly,
  AssistantVersionNotFound,
  ownedMetadata
} from "../../domain/Assistant.ts"
import { isUuid, newAssistantId } from "../../domain/AssistantId.ts"
import type { Json, JsonObject } from "../../domain/Json.ts"
import type { Principal } from "../../domain/Principal.ts"
import { mapSecrets, mask, restoreSecrets, secretsOf } from "../../domain/Secrets.ts"
import { AgentGraphs } from "../../ports/AgentGraphs.ts"
import { AgentSource } from "../../ports/AgentSource.ts"
import { Assistants } from "../../ports/Assistants.ts"
import { GraphDefaults } from "../../ports/GraphDefaults.ts"
import { SecretBox } from "../../ports/SecretBox.ts"
import { Threads } from "../../ports/Threads.ts"
import { resolve, resolveAssistant } from "./ResolveAssistant.ts"
import { unlessThereAreAgents } from "./ServeStale.ts"

export interface NewAssistant {
  readonly assistant_id?: string | null
  readonly graph_id: string
  readonly name: string
  readonly description: string | null
  readonly config: AssistantConfig
  readonly context: JsonObject
  readonly metadata: JsonObject
  readonly if_exists: "raise" | "do_nothing"
  /** Makes the id of an assistant that comes without one. */
  readonly freshId: () => string
}

const knownGraph = (graph: string) => Effect.flatMap(AgentGraphs, ({ check }) => check(graph))

/** A configuration with its secrets locked; masks stay masks, to keep what is there. */
export const sealed = Effect.fnUntraced(function*(config: AssistantConfig) {
  if (config.configurable === undefined) return config
  const box = yield* SecretBox
  const locked = new Map<string, Json>()
  for (const [place, secret] of secretsOf(config.configurable)) {
    if (secret !== mask) {
      locked.set(place, yield* box.seal(typeof secret === "string" ? secret : JSON.stringify(secret)))
    }
  }
  return { ...config, configurable: mapSecrets(config.configurable, (value, place) => locked.get(place) ?? value) }
})

const keepingSecrets = (present: AssistantContent, next: AssistantContent): AssistantContent =>
  next.config.configurable === undefined ? next : {
    ...next,
    config: {
      ...next.config,
      configurable: restoreSecrets(next.config.configurable, secretsOf(present.config.configurable ?? {}))
    }
  }

/** An id that is an agent's, if only a draft's, a graph's default or a graph's name, is not for a caller to take. */
const isReserved = Effect.fnUntraced(function*(id: string) {
  const defaults = yield* GraphDefaults
  if (defaults.has(id) || [...defaults.values()].some((taken) => taken === id)) return true
  const source = yield* AgentSource
  return yield* Effect.catchTag(
    source.has(id),
    "AgentTablesUnreadable",
    (error) => Effect.as(unlessThereAreAgents(error), false)
  )
})

/** An agent's assistant, synced there and then if it wasn't; none: the caller may use no such agent. */
const ofAgent = Effect.fnUntraced(function*(agentId: string, principal: Principal) {
  const found = yield* resolveAssistant(agentId, principal).pipe(
    Effect.map(Option.some),
    Effect.catchTag("AssistantNotFound", () => Effect.succeedNone)
  )
  // A bare copy would stay when the agent is back.
  const error = Option.isSome(found) ? Option.none() : yield* (yield* AgentSource).unreadable
  if (Option.isSome(error)) yield* unlessThereAreAgents(error.value)
  return Option.filter(found, ({ provenance }) => provenance._tag === "Agent")
})

export const createAssistant = Effect.fn("createAssistant")(function*(request: NewAssistant, principal: Principal) {
  yield* knownGraph(request.graph_id)
  const agentId = request.metadata["supabase_agent_id"]
  if (typeof agentId === "string" && isUuid(agentId)) {
    const synced = yield* ofAgent(agentId, principal)
    if (Option.isSome(synced)) return synced.value
  }
  const assistants = yield* Assistants
  const id = newAssistantId(request.assistant_id, request.freshId)
  const content = keepingSecrets(empty, {
    graph_id: request.graph_id,
    name: request.name,
    description: request.description,
    config: yield* sealed(request.config),
    context: request.context,
    metadata: ownedMetadata(request.metadata, principal.userId)
  })
  const given = (request.assistant_id ?? "").trim() !== ""
  const attempt = given && (yield* isReserved(id))
    ? Effect.fail(new AssistantExists())
    : assistants.create(id, content, principal)
  return yield* attempt.pipe(
    Effect.catchTag("AssistantExists", (exists) =>
      request.if_exists === "raise"
        ? Effect.fail(exists)
        : resolveAssistant(id, principal).pipe(Effect.catchTag("AssistantNotFound", () => Effect.fail(exists))))
  )
})

const empty: AssistantContent = { graph_id: "", name: "", description: null, config: {}, context: {}, metadata: {} }

/** What the caller may change: not visible is not found, visible but another's is read-only. */
const own = Effect.fnUntraced(function*(reference: string, principal: Principal) {
  const assistant = yield* resolveAssistant(reference, principal)
  if (assistant.provenance._tag !== "Member") {
    return yield* new AssistantReadOnly({ assistant: assistant.assistant_id, origin: assistant.provenance._tag })
  }
  return assistant
})

export const updateAssistant = Effect.fn("updateAssistant")(
  function*(reference: string, change: AssistantChange, principal: Principal) {
    if (change.graph_id !== undefined) yield* knownGraph(change.graph_id)
    const assistant = yield* own(reference, principal)
    const config = change.config === undefined ? {} : { config: yield* sealed(change.config) }
    const metadata = change.metadata === undefined
      ? {}
      : { metadata: ownedMetadata(change.metadata, principal.userId) }
    const assistants = yield* Assistants
    const updated = yield* assistants.update(
      assistant.assistant_id,
      (present) => keepingSecrets(present, applyChange(present, { ...change, ...config, ...metadata })),
      principal
    )
    return yield* Effect.mapError(Effect.fromOption(updated), () => new AssistantNotFound({ assistant: reference }))
  }
)

/** With its threads go those of the caller that ran on nothing else; first, so that what fails can be asked for again. */
export const deleteAssistant = Effect.fn("deleteAssistant")(function*(
  reference: string,
  withThreads: boolean,
  principal: Principal
) {
  const assistant = yield* own(reference, principal)
  if (withThreads) {
    const threads = yield* Threads
    yield* threads.prune(yield* threads.ranOn(assistant.assistant_id, principal), "delete", principal)
  }
  yield* (yield* Assistants).delete(assistant.assistant_id, principal)
  return assistant.assistant_id
})

/** Makes an earlier version the present one: of one's own only, a synced one follows its agent. */
export const restoreVersion = Effect.fn("restoreVersion")(
  function*(reference: string, version: number, principal: Principal) {
    const assistant = yield* own(reference, principal)
    const restored = yield* (yield* Assistants).restore(assistant.assistant_id, version, principal)
    return yield* Effect.mapError(
      Effect.fromOption(restored),
      () => new AssistantVersionNotFound({ assistant: reference, version })
    )
  }
)

export const assistantVersions = Effect.fn("assistantVersions")(function*(
  reference: string,
  query: { readonly limit: number; readonly offset: number; readonly metadata?: JsonObject },
  principal: Principal
) {
  const resolved = yield* resolve(reference, principal)
  return yield* (yield* Assistants).versions(resolved.assistant.assistant_id, query, resolved.principal)
})
