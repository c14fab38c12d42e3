import { styleText } from "node:util"
import {
  type AgentChain,
  type ChainLink,
  firstBroken,
  type LinkName,
  linkNames,
  type LinkState
} from "../../domain/AgentChain.ts"
import type { Mended } from "../usecases/Mended.ts"

export interface Findings {
  readonly total: number
  readonly chains: ReadonlyArray<AgentChain>
  /** What is there beside the agents' own assistants, and what a repair would do about it. */
  readonly leftovers: ReadonlyArray<Mended>
  /** What has been repaired just now, and what was left. */
  readonly fixed: ReadonlyArray<Mended>
}

const headings: Readonly<Record<LinkName, string>> = {
  row: "row",
  model: "model",
  synced: "synced",
  written_back: "id",
  visible: "visible",
  configuration: "config",
  servers: "servers",
  tools: "tools",
  dry_run: "dry run"
}

/** Words as well as colours: not everybody sees these, and a log has none. */
const marks: Readonly<Record<LinkState, { readonly text: string; readonly style: Parameters<typeof styleText>[0] }>> = {
  ok: { text: "ok", style: "green" },
  warning: { text: "warn", style: "yellow" },
  broken: { text: "BROKEN", style: "red" },
  skipped: { text: "-", style: "dim" }
}

const longestName = 36

/** A name is whatever somebody wrote into a row: it is not to steer the terminal. */
export const printable = (text: string): string => text.replaceAll(/\p{Cc}/gu, "?")

const short = (name: string): string => {
  const letters = [...printable(name)]
  return letters.length > longestName ? `${letters.slice(0, longestName - 1).join("")}…` : letters.join("")
}

const padded = (text: string, length: number) => text + " ".repeat(Math.max(0, length - [...text].length))

const styled = (colours: boolean, style: Parameters<typeof styleText>[0], text: string) =>
  colours ? styleText(style, text) : text

const lineOf = (chain: AgentChain, name: number, colours: boolean): string => {
  const cells = chain.links.map(({ link, state }) => {
    const { style, text } = marks[state]
    return styled(colours, style, padded(text, Math.max(headings[link].length, marks.broken.text.length)))
  })
  return [padded(short(chain.name), name), ...cells].join("  ").trimEnd()
}

const table = (chains: ReadonlyArray<AgentChain>, colours: boolean): ReadonlyArray<string> => {
  const name = Math.max(5, ...chains.map((chain) => [...short(chain.name)].length))
  const heading = linkNames.map((link) => padded(headings[link], marks.broken.text.length))
  return [
    styled(colours, "bold", [padded("agent", name), ...heading].join("  ").trimEnd()),
    ...chains.map((chain) => lineOf(chain, name, colours))
  ]
}

const told = (chain: AgentChain, { fixable, link, reason, remedy }: ChainLink): ReadonlyArray<string> => [
  `${printable(chain.name)} (${chain.agent_id}): ${headings[link]}: ${printable(reason ?? "")}`,
  ...(remedy === null ? [] : [`    ${remedy}${fixable ? "  [--fix]" : ""}`])
]

const section = (title: string, lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)]

const mended = ({ id, note, what }: Mended) => `${padded(what, 18)} ${id}  ${printable(note)}`

export const brokenIn = ({ chains }: Pick<Findings, "chains">): number =>
  chains.filter((chain) => firstBroken(chain) !== undefined).length

/** What a repair would do, as opposed to what it would leave. */
export const mendable = ({ leftovers }: Pick<Findings, "leftovers">): ReadonlyArray<Mended> =>
  leftovers.filter(({ what }) => what !== "left")

/** All of it for a person: a line an agent, then what is to be done. */
export const report = (findings: Findings, colours: boolean): string => {
  const { chains, fixed, leftovers } = findings
  const broken = chains.flatMap((chain) => {
    const link = firstBroken(chain)
    return link === undefined ? [] : told(chain, link)
  })
  const warnings = chains.flatMap((chain) =>
    chain.links.filter(({ state }) => state === "warning").flatMap((link) => told(chain, link).slice(0, 1))
  )
  const left = leftovers.filter(({ what }) => what === "left")
  const repaired = fixed.filter(({ what }) => what !== "left")
  return [
    ...table(chains, colours),
    ...section("Repaired:", repaired.map(mended)),
    ...section("First broken link:", broken),
    ...section("Worth a look:", warnings),
    ...section("Left over from before, for --fix:", mendable(findings).map((item) => `would be ${mended(item)}`)),
    ...section("Left over, and left alone:", left.map(mended)),
    "",
    `${chains.length} agent(s): ${brokenIn(findings)} broken, ${chains.length - brokenIn(findings)} whole.`
  ].join("\n")
}
