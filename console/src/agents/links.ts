import type { LinkName, LinkState } from "../../../src/domain/AgentChain.ts"

/** What a link is called above its column, and what is looked at. */
export const linkWords: Readonly<Record<LinkName, { readonly short: string; readonly long: string }>> = {
  row: { short: "Row", long: "The agent's row" },
  model: { short: "Model", long: "Its model, and the key for it" },
  synced: { short: "Synced", long: "Its assistant, compared with the row" },
  written_back: { short: "Id", long: "The assistant's id in the row" },
  visible: { short: "Visible", long: "Who sees it" },
  configuration: { short: "Config", long: "A run's configuration, compared with the row" },
  servers: { short: "Servers", long: "Its tool servers" },
  tools: { short: "Tools", long: "Their tools" },
  dry_run: { short: "Dry run", long: "A dry run: the model is asked for a word" }
}

export const stateWords: Readonly<Record<LinkState, string>> = {
  ok: "ok",
  warning: "warning",
  broken: "broken",
  skipped: "not looked at"
}
