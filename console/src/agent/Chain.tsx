import { useQuery } from "@tanstack/react-query"
import type { AgentChain } from "../../../src/domain/AgentChain.ts"
import { ChainList } from "../agents/ChainStrip.tsx"
import { DryRunButton } from "../agents/DryRunButton.tsx"
import { useDryRun } from "../agents/useDryRun.ts"
import { everyTwoSeconds } from "../live.ts"
import { useSession } from "../session/Session.tsx"
import { Section } from "../shell/Section.tsx"

const Links = ({ agent }: { readonly agent: AgentChain }) => {
  const { chain, dryRun } = useDryRun(agent)
  return (
    <Section title="From its row to an answer" id="chain" note={<DryRunButton name={chain.name} dryRun={dryRun} />}>
      <ChainList links={chain.links} />
    </Section>
  )
}

/** Its chain, if it is an agent's: assistants that members made have none. */
export const Chain = ({ assistant }: { readonly assistant: string }) => {
  const { api } = useSession()
  const { data } = useQuery({
    queryKey: ["chain", assistant],
    queryFn: ({ signal }) => api.doctor({ agent_ids: [assistant] }, signal),
    ...everyTwoSeconds
  })
  const chain = data?.chains[0]
  return chain === undefined ? null : <Links agent={chain} />
}
