import type { OrganizationId, UserId } from "./Principal.ts"

/** An agent's row, whatever its state: why there is no assistant of it. */
export interface AgentState {
  readonly name: string
  readonly organizationId: OrganizationId
  /** Set for a member's own. */
  readonly personalTo: UserId | null
  readonly status: string
  readonly deleted: boolean
  /** For nobody in particular, by nobody: nobody is told of it. */
  readonly template: boolean
}

/** Why an agent answers nobody any more, for those who might use it if it did. Nothing: its row gives no reason. */
export const whyGone = (state: AgentState | undefined, retiredAt: Date | null): string | undefined => {
  if (state === undefined) {
    return retiredAt === null ? undefined : `its agent's row is gone (retired ${retiredAt.toISOString()})`
  }
  if (state.template) return undefined
  const agent = `its agent ${JSON.stringify(state.name)}`
  if (state.deleted) return `${agent} was deleted`
  return state.status === "active" ? undefined : `${agent} is not active (status ${JSON.stringify(state.status)})`
}
