import { Schema } from "effect"
import type { Assistant, AssistantId } from "./Assistant.ts"
import type { EffectiveConfig } from "./EffectiveConfig.ts"
import { OrganizationId } from "./Principal.ts"
import type { Run } from "./Run.ts"
import { agentToolNames } from "./ToolNames.ts"

/** How deep agents call each other: a run that somebody started calls one, that one another, and that one a last. */
export const deepest = 3

/** Who would call: the assistants whose runs led here, outermost first, the caller's own last. */
export interface CallingAgent {
  readonly line: ReadonlyArray<AssistantId>
  /** Of a synced agent: it calls agents of its own organisation only. Null: a member's own, or a graph's default. */
  readonly organization: OrganizationId | null
}

/** Another agent that a run names, as its caller sees it at this moment. */
export interface OfferedAgent {
  /** As the configuration has it. */
  readonly assistant_id: string
  /** Null: nothing is told of what the caller can't see. */
  readonly name: string | null
  readonly description: string | null
  /** Why it may not be called. */
  readonly problem: string | null
}

/** The organisation that a run's agent was synced for: only then is one pinned. */
const organizationOf = ({ configurable, origins }: EffectiveConfig): OrganizationId | null => {
  const organization = configurable["supabase_organization_id"]
  return origins["supabase_organization_id"] === "server" && typeof organization === "string"
    ? OrganizationId.make(organization)
    : null
}

export const callingAgent = (run: Pick<Run, "assistant_id" | "configuration" | "parent">): CallingAgent => ({
  line: [...run.parent?.line ?? [], run.assistant_id],
  organization: organizationOf(run.configuration)
})

/** The caller sees it, and may not call it all the same. */
export class AgentNotCallable extends Schema.TaggedError<AgentNotCallable>()("AgentNotCallable", {
  name: Schema.String,
  description: Schema.NullOr(Schema.String),
  reason: Schema.String
}) {
  override get message() {
    return `${this.name} can't be called: ${this.reason}`
  }
}

/** Why an agent that the caller sees may not be called all the same, or nothing if it may. */
export const whyNotCallable = (
  { line, organization }: CallingAgent,
  { assistant_id, provenance }: Pick<Assistant, "assistant_id" | "provenance">
): string | undefined => {
  const ofTheOrganization = provenance._tag === "Agent" && provenance.organizationId === organization
  if (organization !== null && !ofTheOrganization) return "it is not an agent of the same organisation"
  if (line.includes(assistant_id)) return "it would call itself: it is at work on this already"
  return line.length > deepest ? `agents call each other no deeper than ${deepest}` : undefined
}

/** Each agent with what the model calls it by, which is no other tool's name; null, if it may not be called. */
export const namedAgents = (offered: ReadonlyArray<OfferedAgent>, tools: ReadonlyArray<string>) => {
  const callable = offered.filter(({ problem }) => problem === null)
  const names = agentToolNames(callable.map(({ assistant_id, name }) => name ?? assistant_id), tools)
  return offered.map((agent) => ({ ...agent, tool: names[callable.indexOf(agent)] ?? null }))
}
