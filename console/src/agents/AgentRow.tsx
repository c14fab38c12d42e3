import { VisuallyHidden } from "@mantine/core"
import { useId, useState } from "react"
import { Link } from "react-router"
import { type AgentChain, linkNames } from "../../../src/domain/AgentChain.ts"
import { ChainList, LinkMark } from "./ChainStrip.tsx"
import { DryRunButton } from "./DryRunButton.tsx"
import { Finding } from "./Finding.tsx"
import { useDryRun } from "./useDryRun.ts"

interface DetailsButtonProps {
  readonly name: string
  readonly open: boolean
  readonly details: string
  readonly onToggle: () => void
}

const DetailsButton = ({ details, name, onToggle, open }: DetailsButtonProps) => (
  <button type="button" className="disclose" aria-expanded={open} aria-controls={details} onClick={onToggle}>
    <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      <path d="M4 2l4 4-4 4" fill="none" stroke="currentColor" strokeWidth="1.8" />
    </svg>
    <VisuallyHidden>All links of {name}</VisuallyHidden>
  </button>
)

/** An agent and its chain, as a row where there is room for one. */
export const AgentRow = ({ agent }: { readonly agent: AgentChain }) => {
  const { chain, dryRun } = useDryRun(agent)
  const [open, setOpen] = useState(false)
  const details = useId()
  return (
    <>
      <tr className="agent">
        <th scope="row">
          <span className="agent-name">
            <DetailsButton name={chain.name} open={open} details={details} onToggle={() => setOpen(!open)} />
            <Link to={`/agents/${encodeURIComponent(chain.agent_id)}`}>{chain.name}</Link>
          </span>
        </th>
        {chain.links.map((link) => (
          <td key={link.link} className="link" data-state={link.state}>
            <LinkMark agent={chain.name} link={link} />
          </td>
        ))}
        <td>
          <Finding chain={chain} />
        </td>
        <td className="actions">
          <DryRunButton name={chain.name} dryRun={dryRun} />
        </td>
      </tr>
      <tr className="details" id={details} hidden={!open}>
        <td colSpan={linkNames.length + 3}>{open && <ChainList links={chain.links} />}</td>
      </tr>
    </>
  )
}

/** The same on a phone. */
export const AgentCard = ({ agent }: { readonly agent: AgentChain }) => {
  const { chain, dryRun } = useDryRun(agent)
  const [open, setOpen] = useState(false)
  const details = useId()
  return (
    <li className="panel agent-card">
      <h2>
        <Link to={`/agents/${encodeURIComponent(chain.agent_id)}`}>{chain.name}</Link>
      </h2>
      <ol className="strip" aria-label={`The chain of ${chain.name}`}>
        {chain.links.map((link) => (
          <li key={link.link} className="link" data-state={link.state}>
            <LinkMark agent={chain.name} link={link} />
          </li>
        ))}
      </ol>
      <Finding chain={chain} />
      <div className="card-actions">
        <DryRunButton name={chain.name} dryRun={dryRun} />
        <button
          type="button"
          className="disclose-text"
          aria-expanded={open}
          aria-controls={details}
          onClick={() => setOpen(!open)}
        >
          {open ? "Hide the links" : "All links"}
          <VisuallyHidden>of {chain.name}</VisuallyHidden>
        </button>
      </div>
      <div id={details} hidden={!open}>{open && <ChainList links={chain.links} />}</div>
    </li>
  )
}
