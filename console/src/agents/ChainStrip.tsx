import { VisuallyHidden } from "@mantine/core"
import type { ChainLink } from "../../../src/domain/AgentChain.ts"
import { linkWords, stateWords } from "./links.ts"
import { StateMark } from "./StateMark.tsx"

const spoken = ({ reason, state }: ChainLink) => `${stateWords[state]}${reason === null ? "" : `: ${reason}`}`

/** One link in words for those who hear it, as a mark on the line for those who see it. */
export const LinkMark = ({ agent, link }: { readonly agent: string; readonly link: ChainLink }) => (
  <span className="link-mark" title={spoken(link)}>
    <StateMark state={link.state} />
    <VisuallyHidden>{`${agent}: ${linkWords[link.link].short.toLowerCase()}: ${spoken(link)}`}</VisuallyHidden>
  </span>
)

/** All of them, one under the other, with what was found and what to do. */
export const ChainList = ({ links }: { readonly links: ReadonlyArray<ChainLink> }) => (
  <ol className="chain-list">
    {links.map((link) => (
      <li key={link.link} data-state={link.state}>
        <StateMark state={link.state} />
        <div>
          <strong>{linkWords[link.link].long}</strong>{" "}
          <span className={`say-${link.state}`}>{stateWords[link.state]}</span>
          {link.reason !== null && <p>{link.reason}</p>}
          {link.remedy !== null && <p className="remedy">{link.remedy}</p>}
        </div>
      </li>
    ))}
  </ol>
)
