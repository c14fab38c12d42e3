import { VisuallyHidden } from "@mantine/core"
import { type AgentChain, linkNames } from "../../../src/domain/AgentChain.ts"
import { AgentRow } from "./AgentRow.tsx"
import { linkWords } from "./links.ts"

export const AgentTable = ({ chains }: { readonly chains: ReadonlyArray<AgentChain> }) => (
  <div className="panel table-panel">
    <table className="chains">
      <caption>
        <VisuallyHidden>Agents, and the links of each one's chain from its row to an answer</VisuallyHidden>
      </caption>
      <thead>
        <tr>
          <th scope="col">Agent</th>
          {linkNames.map((name) => (
            <th key={name} scope="col" className="link-head" title={linkWords[name].long}>{linkWords[name].short}</th>
          ))}
          <th scope="col">To mend first</th>
          <th scope="col">
            <VisuallyHidden>Actions</VisuallyHidden>
          </th>
        </tr>
      </thead>
      <tbody>{chains.map((agent) => <AgentRow key={agent.agent_id} agent={agent} />)}</tbody>
    </table>
  </div>
)
