import { Link } from "react-router"
import { StateMark } from "../agents/StateMark.tsx"
import type { Explained } from "../answers.ts"
import { Section } from "../shell/Section.tsx"

interface AgentToolsProps {
  readonly title: string
  readonly tools: Explained["agent_tools"]
}

/** Other agents that this one may call. */
export const AgentTools = ({ title, tools }: AgentToolsProps) => (
  <Section title={title} id="agents">
    <ul className="servers">
      {tools.map(({ assistant_id, name, problem, tool }) => (
        <li key={assistant_id}>
          <StateMark state={problem === null ? "ok" : "broken"} />
          <div>
            {name === null
              ? <code>{assistant_id}</code>
              : <Link to={`/agents/${encodeURIComponent(assistant_id)}`}>{name}</Link>} {tool !== null && (
              <>
                as <code>{tool}</code>
              </>
            )}
            {problem !== null && <p className="say-broken">{problem}</p>}
          </div>
        </li>
      ))}
    </ul>
  </Section>
)
