import { type AgentChain, type ChainLink, firstBroken } from "../../../src/domain/AgentChain.ts"
import { linkWords } from "./links.ts"

/** What to look at first: the first broken link, or else the first that only works. */
const findingOf = (chain: AgentChain): ChainLink | undefined =>
  firstBroken(chain) ?? chain.links.find(({ state }) => state === "warning")

export const Finding = ({ chain }: { readonly chain: AgentChain }) => {
  const link = findingOf(chain)
  if (link === undefined) return <span className="note">Nothing to mend</span>
  return (
    <div className="finding">
      <strong className={`say-${link.state}`}>{linkWords[link.link].short}</strong>:{" "}
      {link.reason ?? "no reason is known"}
      {link.remedy !== null && <p className="remedy">{link.remedy}</p>}
    </div>
  )
}
