import type { Agent } from "./Agent.ts"
import { assistantIdOf } from "./Agent.ts"
import type { AssistantContent, AssistantId, Provenance } from "./Assistant.ts"
import type { UserId } from "./Principal.ts"

/** What an assistant says, in its present version or an earlier one. */
export type Said = Pick<AssistantContent, "config" | "context">

/** An assistant beside an agent's own that says it is that agent's: by its metadata, which decides nothing but this. */
export interface Leftover {
  readonly assistant_id: AssistantId
  readonly agent_id: string
  readonly name: string
  readonly provenance: Provenance
  /** All its versions. */
  readonly said: ReadonlyArray<Said>
  /** Whose threads and crons are on it. */
  readonly owners: ReadonlyArray<UserId>
}

/** Keys that name things and configure nothing: what the old front end sent along. */
const namingKeys: ReadonlySet<string> = new Set([
  "assistant",
  "assistant_id",
  "graph_id",
  "owner",
  "run_id",
  "supabase_agent_id",
  "supabase_organization_id",
  "thread_id",
  "user_id"
])

const isNothing = (value: unknown): boolean =>
  value === null || value === undefined || value === ""
  || (typeof value === "object" && Object.values(value).every(isNothing))

/** Whether nobody has configured it: it runs on the graph's defaults, which is what the agent's people saw. */
export const isBare = ({ config: { configurable = {}, ...config }, context }: Said): boolean =>
  Object.entries(configurable).every(([key, value]) => namingKeys.has(key) || isNothing(value))
  && Object.entries(config).every(([key, value]) => key === "recursion_limit" || isNothing(value))
  && isNothing(context)

/** Whether its metadata says that it is an agent's. */
export const saysItIs = ({ metadata }: Pick<AssistantContent, "metadata">, agent: Agent): boolean => {
  const said = metadata["supabase_agent_id"]
  return typeof said === "string" && said.toLowerCase() === assistantIdOf(agent)
}

/** How the old runtime called itself. It is nobody's name: users are UUIDs. */
const oldRuntime = "system"

/** Whether the old runtime wrote it: what it says is a copy of the row as it was, and no person's words. */
export const isOldCopy = ({ provenance }: Pick<Leftover, "provenance">): boolean =>
  provenance._tag === "Agent" || (provenance._tag === "Member" && provenance.owner === oldRuntime)

/** What is to be done about a leftover. */
export interface Healing {
  readonly leftover: Leftover
  /** The agent's own assistant, which takes its place. */
  readonly successor: AssistantId
  readonly graph_id: string
  /** Whose threads and crons go on with the agent's own assistant. */
  readonly repoint: ReadonlyArray<UserId>
  readonly remove: boolean
  /** Why something of it is left; null: nothing is. */
  readonly left: string | null
}

const untouched = (leftover: Leftover, agent: Agent, left: string): Healing => ({
  leftover,
  successor: assistantIdOf(agent),
  graph_id: agent.graphId,
  repoint: [],
  remove: false,
  left
})

/** Whose it is themselves, beside those with threads on it: a person's own copy is not taken from them for nothing. */
const concerned = ({ owners, provenance }: Leftover): ReadonlyArray<UserId> =>
  provenance._tag === "Member" && provenance.owner !== oldRuntime ? [...new Set([...owners, provenance.owner])] : owners

/** What a person has configured stays; and nobody's thread is moved to an agent that they may not use. */
export const healing = (
  leftover: Leftover,
  agent: Agent,
  { canRun, maySee }: { readonly canRun: boolean; readonly maySee: (user: UserId) => boolean }
): Healing => {
  if (!canRun) return untouched(leftover, agent, "its agent can't run: mend that first")
  if (!isOldCopy(leftover) && !leftover.said.every(isBare)) {
    return untouched(leftover, agent, "somebody has configured it: it is theirs to keep or to delete")
  }
  const people = concerned(leftover)
  const strangers = people.filter((user) => !maySee(user))
  return {
    leftover,
    successor: assistantIdOf(agent),
    graph_id: agent.graphId,
    repoint: people.filter(maySee),
    remove: strangers.length === 0,
    left: strangers.length === 0 ? null : `may not use the agent, and keep what they have: ${strangers.join(", ")}`
  }
}
