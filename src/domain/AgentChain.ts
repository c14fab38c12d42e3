/** The links between an agent's row and its answer, in their order: the first broken one is what to mend. */
export const linkNames = [
  "row",
  "model",
  "synced",
  "written_back",
  "visible",
  "configuration",
  "servers",
  "tools",
  "dry_run"
] as const
export type LinkName = typeof linkNames[number]

/**
 * `skipped`: not looked at, because a link before it is broken, or because nobody asked for it. `warning`: it works, but not as its
 * maker will have meant it.
 */
export const linkStates = ["ok", "warning", "broken", "skipped"] as const
export type LinkState = typeof linkStates[number]

export interface ChainLink {
  readonly link: LinkName
  readonly state: LinkState
  /** What is wrong there, by names that programs can tell apart (`AgentFault`). */
  readonly faults: ReadonlyArray<string>
  /** What was found, in words; for `ok` what is worth knowing (the model's name, the tools), or null. */
  readonly reason: string | null
  /** What to do about it. */
  readonly remedy: string | null
  /** Whether `doctor --fix` mends it. */
  readonly fixable: boolean
}

/** One agent's way from its row to an answer. */
export interface AgentChain {
  readonly agent_id: string
  readonly name: string
  readonly organization_id: string
  /** All of them, in order. */
  readonly links: ReadonlyArray<ChainLink>
}

/** What is to be mended first, if anything. */
export const firstBroken = ({ links }: AgentChain): ChainLink | undefined =>
  links.find(({ state }) => state === "broken")
