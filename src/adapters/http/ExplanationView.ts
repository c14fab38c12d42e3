import { Schema } from "effect"
import type { Explanation } from "../../domain/Explanation.ts"
import { Role } from "../../domain/Principal.ts"
import { Origin } from "./RunView.ts"

const Given = { from: Origin, value: Schema.Json, dropped: Schema.NullOr(Schema.String) }

const throughOrganization = { organization_id: Schema.String, role: Role }

/** Through what the caller sees it. */
const Through = Schema.Union([
  Schema.Struct({ _tag: Schema.Literal("Owner") }),
  Schema.Struct({ _tag: Schema.Literal("Membership"), ...throughOrganization }),
  Schema.Struct({ _tag: Schema.Literal("Personal"), ...throughOrganization }),
  Schema.Struct({ _tag: Schema.Literal("Graph") })
])

const Model = Schema.Struct({
  name: Schema.String,
  provider: Schema.NullOr(Schema.String),
  /** Where the provider's key would come from. */
  key: Schema.Literals(["server", "run", "assistant", "absent"]),
  /** Why a run could not begin with it. */
  problem: Schema.NullOr(Schema.String)
})

const Server = Schema.Struct({
  name: Schema.String,
  url: Schema.String,
  auth_required: Schema.Boolean,
  reachable: Schema.Boolean,
  ms: Schema.Number,
  /** An answer serves for a few seconds; null: it was not asked. */
  asked_at: Schema.NullOr(Schema.String),
  tools: Schema.Array(Schema.String),
  error: Schema.NullOr(Schema.String)
})

const AgentTool = Schema.Struct({
  assistant_id: Schema.String,
  tool: Schema.NullOr(Schema.String),
  name: Schema.NullOr(Schema.String),
  problem: Schema.NullOr(Schema.String)
})

/** What a run by this caller would get, now. */
export const ExplanationView = Schema.Struct({
  assistant_id: Schema.String,
  assistant_version: Schema.Int,
  graph_id: Schema.String,
  name: Schema.String,
  visible: Through,
  /** Set where the agents' tables could not be read: since when what is shown was last in force. */
  stale_since: Schema.NullOr(Schema.String),
  /** With every layer that named the key, and why it is not in force where it is not. Secrets are `***`, or null. */
  keys: Schema.Array(Schema.Struct({
    key: Schema.String,
    value: Schema.Json,
    origin: Origin,
    given: Schema.Array(Schema.Struct(Given))
  })),
  /** Keys that were given and that the run would not have at all. */
  dropped: Schema.Array(Schema.Struct({ key: Schema.String, ...Given })),
  recursion_limit: Schema.Int,
  tags: Schema.Array(Schema.String),
  metadata: Schema.JsonObject,
  context: Schema.JsonObject,
  /** Null: a graph of the operator's own whose configuration names none. */
  model: Schema.NullOr(Model),
  servers: Schema.Array(Server),
  /** Other agents that it may call. */
  agent_tools: Schema.Array(AgentTool),
  warnings: Schema.Array(Schema.String)
}).annotate({ identifier: "Explanation" })

export const explanationView = (explanation: Explanation): typeof ExplanationView.Type => ({
  ...explanation,
  stale_since: explanation.stale_since?.toISOString() ?? null,
  servers: explanation.servers.map((server) => ({ ...server, asked_at: server.asked_at?.toISOString() ?? null }))
})
