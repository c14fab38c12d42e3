import fc from "fast-check"
import { type Agent, Engine, Ownership, samplingKeys } from "../../src/domain/Agent.ts"
import { AssistantId, type Provenance } from "../../src/domain/Assistant.ts"
import type { Json, JsonObject } from "../../src/domain/Json.ts"
import type { McpToolRow } from "../../src/domain/McpConfig.ts"
import { OrganizationId, type Principal, Role, UserId } from "../../src/domain/Principal.ts"

/** Names that every object has, or that mean something to an assignment: no key is too odd for a caller to send. */
export const oddKeys = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", ""]

export const key = fc.oneof(
  fc.constantFrom("a", "b", "c", "d", "model_name", "temperature"),
  fc.constantFrom(...oddKeys),
  fc.string()
)

const scalar = fc.oneof(fc.constant(null), fc.boolean(), fc.integer(), fc.double({ noNaN: true }), fc.string())

const values = fc.letrec<{ json: Json; object: JsonObject }>((tie) => ({
  json: fc.oneof({ depthSize: "small", withCrossShrink: true }, scalar, fc.array(tie("json")), tie("object")),
  object: fc.dictionary(key, tie("json"), { maxKeys: 6, noNullPrototype: true })
}))
export const json = values.json
export const jsonObject = values.object

/** The same value, with the keys of every object in another order. */
export const reordered = (value: Json): Json => {
  if (value === null || typeof value !== "object") return value
  if (Array.isArray(value)) return value.map(reordered)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, reordered(item)] as const).toReversed())
}

/** Makes every write to a value throw. */
export const frozen = <A>(value: A): A => {
  if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(frozen)
  return value
}

// Few people and organisations, so that they meet.
export const user = fc.constantFrom("anna", "ben", "cem").map((name) => UserId.make(name))
export const organization = fc.constantFrom("kanzlei", "klinik", "verein").map((name) => OrganizationId.make(name))

export const principal: fc.Arbitrary<Principal> = fc.record({
  userId: user,
  memberships: fc.uniqueArray(
    fc.record({ organizationId: organization, role: fc.constantFrom(...Role.literals) }),
    { selector: ({ organizationId }) => organizationId }
  )
})

export const syncedAgent = fc.record({
  _tag: fc.constant("Agent" as const),
  organizationId: organization,
  personalTo: fc.option(user),
  contentHash: fc.string(),
  retiredAt: fc.option(fc.date({ noInvalidDate: true }))
})
export const memberOwned = fc.record({ _tag: fc.constant("Member" as const), owner: user })
export const provenance: fc.Arbitrary<Provenance> = fc.oneof(
  syncedAgent,
  memberOwned,
  fc.record({ _tag: fc.constant("Graph" as const) })
)

export const graphs = ["agent", "triage"]

export const mcpToolRow: fc.Arbitrary<McpToolRow> = fc.record({
  tool_name: fc.constantFrom("search", "files", "laws", "mail"),
  endpoint_url: fc.constantFrom("https://a.example/mcp", "https://b.example", "http://c.example/sse", " ", null),
  auth_required: fc.boolean()
})

export const sampling: fc.Arbitrary<JsonObject> = fc.dictionary(
  fc.constantFrom(...samplingKeys),
  fc.oneof(fc.double({ noNaN: true }), fc.constant(null)),
  { noNullPrototype: true }
)

export const uuid = fc.tuple(fc.uuid(), fc.boolean()).map(([id, shout]) => shout ? id.toUpperCase() : id)

const anyAgent = (broken: boolean): fc.Arbitrary<Agent> =>
  fc.record({
    id: uuid,
    organizationId: organization,
    name: fc.string(),
    description: fc.option(fc.string()),
    graphId: fc.constantFrom(...graphs, ...(broken ? ["unheard-of"] : [])),
    engine: fc.constantFrom<Engine>(
      Engine.None(),
      Engine.WithoutModel(),
      Engine.Resolved({ model: "openai:gpt-4.1" }),
      Engine.Resolved({ model: "anthropic:claude" }),
      ...(broken ? [Engine.Foreign({ type: "on-premises" })] : [])
    ),
    systemPrompt: fc.option(fc.string()),
    sampling: broken ? fc.oneof(sampling, fc.constant("warm")) : sampling,
    agentTools: fc.array(fc.string(), { maxLength: 3 }),
    ownership: fc.oneof(
      fc.constant(Ownership.Organization()),
      user.map((userId) => Ownership.Personal({ userId }))
    ),
    mcpTools: fc.array(mcpToolRow, { maxLength: 5 }),
    assistantId: fc.option(fc.oneof(uuid, fc.string()))
  })

/** An agent of this server's that can run. */
export const soundAgent = anyAgent(false)
/** Any agent that a row may hold. */
export const agent = anyAgent(true)

export const assistantId = uuid.map((id) => AssistantId.make(id.toLowerCase()))
