import { Data } from "effect"
import { defaultModel } from "./Agent.ts"
import { type LinkName, linkNames } from "./AgentChain.ts"

/** Everything that can be wrong between an agent's row and its answer. */
export type AgentFault = Data.TaggedEnum<{
  NoName: {}
  NoPrompt: {}
  ToolWithoutUrl: { readonly tools: ReadonlyArray<string> }
  SamplingNotAnObject: {}
  UnknownSampling: { readonly keys: ReadonlyArray<string> }
  UnknownGraph: { readonly graph: string; readonly graphs: ReadonlyArray<string> }
  NoEngine: {}
  EngineWithoutModel: {}
  ForeignEngine: { readonly type: string }
  UnknownProvider: { readonly model: string }
  KeyAbsent: { readonly provider: string }
  ModelUnusable: { readonly reason: string }
  NotSynced: {}
  Retired: {}
  IdTaken: { readonly bare: boolean }
  NotWrittenBack: {}
  WrongIdWrittenBack: { readonly written: string }
  NobodyInOrganisation: {}
  CreatorLeft: { readonly creator: string }
  NotVisibleTo: { readonly user: string }
  Differs: {}
  ServerDead: { readonly servers: ReadonlyArray<{ readonly name: string; readonly error: string }> }
  ServerWantsToken: { readonly servers: ReadonlyArray<string> }
  NoTools: { readonly servers: ReadonlyArray<string> }
  FilterMatchesNothing: { readonly servers: ReadonlyArray<string> }
  EqualToolNames: { readonly tools: ReadonlyArray<string> }
  ModelRefused: { readonly reason: string }
  ModelTimedOut: { readonly seconds: number }
}>
export const AgentFault = Data.taggedEnum<AgentFault>()

/** What a fault is, and what it costs. */
export interface FaultCard {
  readonly link: LinkName
  readonly severity: "broken" | "warning"
  readonly reason: string
  readonly remedy: string
  readonly fixable: boolean
  /** Later links that there is no point in looking at before this is mended. */
  readonly blocks: ReadonlyArray<LinkName>
}

interface Words {
  readonly fixable?: boolean
  readonly blocks?: ReadonlyArray<LinkName>
}

const warning = (link: LinkName, reason: string, remedy: string): FaultCard => ({
  link,
  severity: "warning",
  reason,
  remedy,
  fixable: false,
  blocks: []
})

const broken = (
  link: LinkName,
  reason: string,
  remedy: string,
  { blocks = ["dry_run"], fixable = false }: Words = {}
): FaultCard => ({ link, severity: "broken", reason, remedy, fixable, blocks })

const after = (link: LinkName): ReadonlyArray<LinkName> => linkNames.slice(linkNames.indexOf(link) + 1)

/** What hangs on there being an assistant; servers are the row's, and can be asked all the same. */
const unsynced: Words = { fixable: true, blocks: ["written_back", "visible", "configuration", "dry_run"] }

const sync = "run `throughline sync`, or `throughline doctor --fix`; its first use syncs it, too"

const list = (items: ReadonlyArray<string>) => items.join(", ")

/** Each fault in words. There is no other place that says what one means. */
export const faultCard: (fault: AgentFault) => FaultCard = AgentFault.$match({
  NoName: () => warning("row", "its name is empty", "give agents.name a text that people recognise it by"),
  NoPrompt: () => warning("row", "it has no system prompt; it runs with the graph's own", "write agents.system_prompt"),
  ToolWithoutUrl: ({ tools }) =>
    broken(
      "row",
      `no URL, so none of its tools: ${list(tools)}`,
      "set mcp_tools.endpoint_url, or take the tool from the agent (agent_mcp_tools)"
    ),
  SamplingNotAnObject: () =>
    broken("row", "sampling_params is not a JSON object", "write an object such as {\"temperature\": 0.3}, or {}", {
      blocks: after("row")
    }),
  UnknownSampling: ({ keys }) =>
    warning("row", `sampling_params has keys that no model takes: ${list(keys)}`, "correct or remove them"),
  UnknownGraph: ({ graph, graphs }) =>
    broken(
      "row",
      `graph ${JSON.stringify(graph)} is not one of this server's: ${list(graphs)}`,
      "correct agents.graph_id, or add the graph to langgraph.json",
      { blocks: after("row") }
    ),
  NoEngine: () => warning("model", `it has no engine; it runs on ${defaultModel}`, "choose one in agents.engine_id"),
  EngineWithoutModel: () =>
    broken(
      "model",
      `its engine names no model; it runs on ${defaultModel}`,
      "set global_ai_engines.language_model_id to a model that has an ai_models.runtime_model_name"
    ),
  ForeignEngine: ({ type }) =>
    broken(
      "model",
      `its engine is of type ${JSON.stringify(type)}; only 'global' engines are resolved`,
      "give the agent a global engine",
      { blocks: after("model") }
    ),
  UnknownProvider: ({ model }) =>
    broken(
      "model",
      `${JSON.stringify(model)} does not say which provider's it is`,
      "write ai_models.runtime_model_name as openai:…, anthropic:… or google:…"
    ),
  KeyAbsent: ({ provider }) =>
    broken(
      "model",
      `there is no key for ${provider}`,
      `set ${provider.toUpperCase()}_API_KEY where the server runs, or choose another engine`
    ),
  ModelUnusable: ({ reason }) => broken("model", reason, "correct the agent's row or its engine"),
  NotSynced: () => broken("synced", "it has no assistant", sync, unsynced),
  Retired: () => broken("synced", "its assistant is retired although it is active", sync, unsynced),
  IdTaken: ({ bare }) =>
    bare
      ? broken("synced", "its id is taken by a bare copy that an old front end made", sync, unsynced)
      : broken(
        "synced",
        "its id is taken by an assistant that somebody made and configured",
        "have its owner delete that assistant; then run `throughline sync`",
        { ...unsynced, fixable: false }
      ),
  NotWrittenBack: () =>
    broken("written_back", "agents.langgraph_assistant_id is empty", "run `throughline sync`", {
      fixable: true,
      blocks: []
    }),
  WrongIdWrittenBack: ({ written }) =>
    broken(
      "written_back",
      `agents.langgraph_assistant_id is ${JSON.stringify(written)}, not the agent's own id`,
      "run `throughline sync`",
      { fixable: true, blocks: [] }
    ),
  NobodyInOrganisation: () =>
    broken("visible", "visible to nobody: its organisation has no members", "add members (organization_members)", {
      blocks: []
    }),
  CreatorLeft: ({ creator }) =>
    broken(
      "visible",
      `visible to nobody: it is ${creator}'s own, who is not in its organisation any more`,
      "make it the organisation's (agents.is_global), or give it to a member (created_by_user_id)",
      { blocks: [] }
    ),
  NotVisibleTo: ({ user }) =>
    broken("visible", `not visible to ${user}`, "make them a member of its organisation, or the agent global", {
      blocks: []
    }),
  Differs: () =>
    broken("configuration", "what is stored differs from the row", "run `throughline sync`", {
      fixable: true,
      blocks: ["dry_run"]
    }),
  ServerDead: ({ servers }) =>
    broken(
      "servers",
      list(servers.map(({ error, name }) => `${name}: ${error}`)),
      "start the server, correct mcp_tools.endpoint_url, or take the tool from the agent",
      { blocks: ["tools", "dry_run"] }
    ),
  ServerWantsToken: ({ servers }) =>
    warning("servers", `not asked, for want of a token: ${list(servers)}`, "give one with --token to see their tools"),
  NoTools: ({ servers }) =>
    broken("tools", `lists no tools: ${list(servers)}`, "look at that server's own log and configuration"),
  FilterMatchesNothing: ({ servers }) =>
    broken("tools", `the filter matches none of the server's tools: ${list(servers)}`, "correct the names in `tools`"),
  EqualToolNames: ({ tools }) =>
    warning(
      "tools",
      `several servers have tools of these names, which the model sees with the server's before them: ${list(tools)}`,
      "rename them on their servers"
    ),
  ModelRefused: ({ reason }) =>
    broken("dry_run", reason, "check the provider's key, the model's name and what the account may use", {
      blocks: []
    }),
  ModelTimedOut: ({ seconds }) =>
    broken("dry_run", `the model did not answer within ${seconds} s`, "check the provider's state and the way to it", {
      blocks: []
    })
})
