import { assistantIdOf, personalTo } from "./Agent.ts"
import { notFollowed, whyUnresolvable } from "./AgentAssistant.ts"
import { type AgentChain, type ChainLink, type LinkName, linkNames } from "./AgentChain.ts"
import type { AgentFacts, Audience, ModelFacts } from "./AgentFacts.ts"
import { AgentFault, type FaultCard, faultCard } from "./AgentFault.ts"

const blank = (text: string | null) => text === null || text.trim() === ""

/** Of what decides whether and as what an agent can run: the faults of one link. */
const unresolvableIn = (link: LinkName, { agent, graphs }: AgentFacts): ReadonlyArray<AgentFault> => {
  const why = whyUnresolvable(agent, graphs)
  return why !== undefined && faultCard(why).link === link ? [why] : []
}

const notFollowedIn = (link: LinkName, { agent }: AgentFacts): ReadonlyArray<AgentFault> =>
  notFollowed(agent).filter((fault) => faultCard(fault).link === link)

const inRow = (facts: AgentFacts): ReadonlyArray<AgentFault> => {
  const { agent } = facts
  const lost = agent.mcpTools.filter(({ endpoint_url }) => blank(endpoint_url)).map(({ tool_name }) => tool_name)
  return [
    ...unresolvableIn("row", facts),
    ...(lost.length > 0 ? [AgentFault.ToolWithoutUrl({ tools: lost })] : []),
    ...(blank(agent.name) ? [AgentFault.NoName()] : []),
    ...(blank(agent.systemPrompt) ? [AgentFault.NoPrompt()] : []),
    ...notFollowedIn("row", facts)
  ]
}

const unusable = ({ key, name, problem, provider, readable }: ModelFacts): ReadonlyArray<AgentFault> => {
  if (!readable) {
    return [AgentFault.ModelUnusable({ reason: problem ?? "a setting has a value that no run could begin with" })]
  }
  if (provider === null) return [AgentFault.UnknownProvider({ model: name })]
  if (key === "absent") return [AgentFault.KeyAbsent({ provider })]
  return problem === null ? [] : [AgentFault.ModelUnusable({ reason: problem })]
}

const inModel = (facts: AgentFacts): ReadonlyArray<AgentFault> => {
  const { model } = facts
  const unresolvable = unresolvableIn("model", facts)
  if (unresolvable.length > 0) return unresolvable
  return [...notFollowedIn("model", facts), ...(model === null ? [] : unusable(model))]
}

const inSync = ({ stored }: AgentFacts): ReadonlyArray<AgentFault> => {
  if (stored._tag === "Missing") return [AgentFault.NotSynced()]
  if (stored._tag === "Taken") return [AgentFault.IdTaken(stored)]
  return stored.retired ? [AgentFault.Retired()] : []
}

const inWriteBack = ({ agent }: AgentFacts): ReadonlyArray<AgentFault> => {
  const written = agent.assistantId
  if (written === assistantIdOf(agent)) return []
  return [blank(written) ? AgentFault.NotWrittenBack() : AgentFault.WrongIdWrittenBack({ written: written ?? "" })]
}

const people = ({ admin, member, owner }: Audience) => owner + admin + member

const inVisibility = ({ agent, asked, audience }: AgentFacts): ReadonlyArray<AgentFault> => {
  const creator = personalTo(agent)
  if (people(audience) === 0) {
    return [creator === null ? AgentFault.NobodyInOrganisation() : AgentFault.CreatorLeft({ creator })]
  }
  return asked !== null && asked.through === undefined ? [AgentFault.NotVisibleTo(asked)] : []
}

const inServers = ({ servers }: AgentFacts): ReadonlyArray<AgentFault> => {
  const dead = servers.flatMap(({ answer, name }) => typeof answer === "object" ? [{ name, error: answer.error }] : [])
  const waiting = servers.filter(({ answer }) => answer === "no token").map(({ name }) => name)
  return [
    ...(dead.length > 0 ? [AgentFault.ServerDead({ servers: dead })] : []),
    ...(waiting.length > 0 ? [AgentFault.ServerWantsToken({ servers: waiting })] : [])
  ]
}

const repeated = (names: ReadonlyArray<string>): ReadonlyArray<string> =>
  [...new Set(names.filter((name, index) => names.indexOf(name) !== index))].sort()

const inTools = ({ servers }: AgentFacts): ReadonlyArray<AgentFault> => {
  const empty = servers.filter(({ answer, tools }) => answer === "listed" && tools.length === 0)
  const names = (filtered: boolean) => empty.filter((server) => server.filtered === filtered).map(({ name }) => name)
  const equal = repeated(servers.flatMap(({ tools }) => tools))
  return [
    ...(names(true).length > 0 ? [AgentFault.FilterMatchesNothing({ servers: names(true) })] : []),
    ...(names(false).length > 0 ? [AgentFault.NoTools({ servers: names(false) })] : []),
    ...(equal.length > 0 ? [AgentFault.EqualToolNames({ tools: equal })] : [])
  ]
}

const inDryRun = ({ dryRun }: AgentFacts): ReadonlyArray<AgentFault> => {
  if ("without" in dryRun || dryRun._tag === "Answered") return []
  return [dryRun._tag === "TimedOut" ? AgentFault.ModelTimedOut(dryRun) : AgentFault.ModelRefused(dryRun)]
}

/** Where each kind of fault is looked for. */
const looks: Readonly<Record<LinkName, (facts: AgentFacts) => ReadonlyArray<AgentFault>>> = {
  row: inRow,
  model: inModel,
  synced: inSync,
  written_back: inWriteBack,
  visible: inVisibility,
  configuration: ({ stored }) => stored._tag === "Synced" && !stored.equal ? [AgentFault.Differs()] : [],
  servers: inServers,
  tools: inTools,
  dry_run: inDryRun
}

/** Each link's faults, up to what there is no point in looking at any more. */
export const faultsOf = (facts: AgentFacts): ReadonlyMap<LinkName, ReadonlyArray<AgentFault> | undefined> => {
  const blocked = new Set<LinkName>()
  return new Map(linkNames.map((link) => {
    const faults = blocked.has(link) ? undefined : looks[link](facts)
    for (const fault of faults ?? []) for (const later of faultCard(fault).blocks) blocked.add(later)
    return [link, faults]
  }))
}

/** Of how many agents one request may have the models asked: each is paid for. */
export const triesPerRequest = 25

/** Whether nothing that was found speaks against asking its model. */
export const isWorthTrying = (facts: AgentFacts): boolean => faultsOf(facts).get("dry_run") !== undefined

const audienceWords = (audience: Audience): string => {
  const roles = (["owner", "admin", "member"] as const).filter((role) => audience[role] > 0)
  const count = people(audience)
  return `${count} ${count === 1 ? "person" : "people"} (${
    roles.map((role) => `${audience[role]} ${role}${audience[role] === 1 ? "" : "s"}`).join(", ")
  })`
}

const seenAs = (asked: AgentFacts["asked"]): string => {
  if (asked?.through === undefined) return ""
  const { through, user } = asked
  return "role" in through
    ? `; ${user} as ${through.role}${through._tag === "Personal" ? ", whose own it is" : ""}`
    : ""
}

/** What is worth knowing of a link that holds. */
const good: Readonly<Partial<Record<LinkName, (facts: AgentFacts) => string | null>>> = {
  model: ({ model }) => model?.name ?? null,
  visible: ({ asked, audience }) => audienceWords(audience) + seenAs(asked),
  servers: ({ servers }) => servers.map(({ ms, name }) => `${name}: ${Math.round(ms)} ms`).join(", ") || "none",
  tools: ({ servers }) => servers.flatMap(({ tools }) => tools).join(", ") || "none",
  dry_run: ({ dryRun }) => "ms" in dryRun ? `answered in ${Math.round(dryRun.ms)} ms` : null
}

const together = (cards: ReadonlyArray<FaultCard>, text: (card: FaultCard) => string) =>
  [...new Set(cards.map(text))].join("; ")

const linkOf = (link: LinkName, faults: ReadonlyArray<AgentFault> | undefined, facts: AgentFacts): ChainLink => {
  const skipped = (reason: string | null): ChainLink => ({
    link,
    state: "skipped",
    faults: [],
    reason,
    remedy: null,
    fixable: false
  })
  if (faults === undefined) return skipped(null)
  if (link === "dry_run" && "without" in facts.dryRun) return skipped(facts.dryRun.without)
  const cards = faults.map(faultCard)
  const broken = cards.filter(({ severity }) => severity === "broken")
  // What is broken is said before what could be better.
  const told = [...broken, ...cards.filter(({ severity }) => severity === "warning")]
  return {
    link,
    state: broken.length > 0 ? "broken" : cards.length > 0 ? "warning" : "ok",
    faults: faults.map(({ _tag }) => _tag),
    reason: told.length > 0 ? together(told, ({ reason }) => reason) : good[link]?.(facts) ?? null,
    remedy: told.length > 0 ? together(told, ({ remedy }) => remedy) : null,
    fixable: broken.length > 0 && broken.every(({ fixable }) => fixable)
  }
}

/** An agent's chain, out of all that was found out about it. Deciding it touches nothing. */
export const diagnose = (facts: AgentFacts): AgentChain => {
  const { agent } = facts
  return {
    agent_id: agent.id.toLowerCase(),
    name: agent.name,
    organization_id: agent.organizationId,
    links: [...faultsOf(facts)].map(([link, faults]) => linkOf(link, faults, facts))
  }
}
