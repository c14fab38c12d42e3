import { AgentTools } from "../agent/AgentTools.tsx"
import { ServerList } from "../agent/Servers.tsx"
import type { RunRecord } from "../answers.ts"
import { Section } from "../shell/Section.tsx"

/** What a run had to call: tool servers as they answered it, and other agents. */
export const RunTools = ({ tools }: Pick<RunRecord, "tools">) => (
  <>
    <Section title="Tools that it got" id="tools">
      {tools === null
        ? <p className="empty">Its tool servers have not been asked.</p>
        : tools.servers.length === 0
        ? <p className="empty">It has no tool servers.</p>
        : <ServerList servers={tools.servers} />}
    </Section>
    {tools?.agents !== undefined && tools.agents.length > 0 && (
      <AgentTools
        title="Agents that it could call"
        tools={tools.agents.map(({ error, ...agent }) => ({ ...agent, problem: error }))}
      />
    )}
  </>
)
