import { type AgentChain, firstBroken } from "../../../src/domain/AgentChain.ts"

export type Health = "broken" | "warning" | "ok"

const healthOfOne = (chain: AgentChain): Health =>
  firstBroken(chain) !== undefined ? "broken" : chain.links.some(({ state }) => state === "warning") ? "warning" : "ok"

export const healthOf = (chains: ReadonlyArray<AgentChain>) => {
  const count = (health: Health) => chains.filter((chain) => healthOfOne(chain) === health).length
  return { all: chains.length, ok: count("ok"), warning: count("warning"), broken: count("broken") }
}

export const shownStates = [
  { value: "all", label: "All" },
  { value: "broken", label: "Broken" },
  { value: "warning", label: "With warnings" },
  { value: "ok", label: "In order" }
] as const

export type ShownState = typeof shownStates[number]["value"]

export const isShown = (chain: AgentChain, shown: ShownState): boolean =>
  shown === "all" || healthOfOne(chain) === shown
