import fc from "fast-check"
import { configurableHeaders } from "../../src/domain/ConfigurableHeaders.ts"
import { type ConfigLayers, type KeyOrigin, RunOverrides } from "../../src/domain/EffectiveConfig.ts"
import type { JsonObject } from "../../src/domain/Json.ts"
import { json, key, memberOwned, organization, syncedAgent } from "./Arbitraries.ts"

// Written down once more: what others rely on is these names, not whatever the code has.
export const pinnedKeys = [
  "run_id",
  "thread_id",
  "assistant_id",
  "graph_id",
  "user_id",
  "owner",
  "langgraph_auth_user",
  "langgraph_auth_user_id"
]
export const lockedKeys = ["mcp_config", "base_url", "custom_api_key", "apiKeys", "rag", "rag_config", "agent_tools"]
const serverKeys = [...pinnedKeys, "supabase_organization_id"]
export const anyKey = fc.oneof(
  key,
  fc.constantFrom(...serverKeys),
  fc.constantFrom(...lockedKeys),
  fc.constant("x-tone")
)
export const objectOf = (key: fc.Arbitrary<string>) => fc.dictionary(key, json, { maxKeys: 8, noNullPrototype: true })
const configurable = objectOf(anyKey)
/** Keys that mean nothing to the server. */
export const plain = objectOf(fc.constantFrom("a", "b", "c", "model_name", "constructor", "toString", "hasOwnProperty"))

const overrides = fc.oneof(
  fc.constant(RunOverrides.Safe()),
  fc.constant(RunOverrides.None()),
  fc.array(anyKey).map((keys) => RunOverrides.Only({ keys }))
)
const headers = fc.dictionary(
  fc.constantFrom("x-tone", "X-Tone", "x-lang", "x-api-key", "x-owner", "accept"),
  fc.string(),
  { noNullPrototype: true }
)

const config = (configurable: fc.Arbitrary<JsonObject>) =>
  fc.record({ configurable, recursion_limit: fc.nat(), tags: fc.array(fc.string()) }, { requiredKeys: [] })

/** What the server pins: an organisation on synced agents only, as the use case does. */
export const world = (configurable: fc.Arbitrary<JsonObject>, provenance: typeof syncedAgent | typeof memberOwned) =>
  fc.record({
    defaults: configurable,
    assistant: fc.record({ config: config(configurable), context: plain, metadata: plain, provenance }),
    request: fc.record({ headers, config: config(configurable), context: plain, metadata: plain }),
    pinned: fc.tuple(objectOf(fc.constantFrom(...pinnedKeys)), organization),
    overrides
  }).map(({ pinned: [pinned, supabase_organization_id], ...layers }): ConfigLayers => ({
    ...layers,
    pinned: layers.assistant.provenance._tag === "Agent" ? { ...pinned, supabase_organization_id } : pinned
  }))

export const own = world(configurable, memberOwned)
export const synced = world(configurable, syncedAgent)
export const anyWorld = fc.oneof(own, synced)

export const configurableOf = (config: { readonly configurable?: JsonObject }): JsonObject => config.configurable ?? {}
export const layersOf = (
  { assistant, defaults, pinned, request }: ConfigLayers
): ReadonlyArray<readonly [KeyOrigin, JsonObject]> => [
  ["default", defaults],
  ["assistant", configurableOf(assistant.config)],
  ["header", configurableHeaders(request.headers)],
  ["request", configurableOf(request.config)],
  ["server", pinned]
]
