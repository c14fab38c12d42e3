import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query"
import { type AgentChain, type ChainLink, firstBroken } from "../../../src/domain/AgentChain.ts"
import { useSession } from "../session/Session.tsx"
import { useAnnounce } from "../shell/Announcer.tsx"
import { momentText } from "../words/Moment.tsx"
import { stateWords } from "./links.ts"

/** The last dry run that somebody at this page asked for, until the page is left. */
interface DryRun {
  readonly link: ChainLink
  readonly at: string
}

const withTime = ({ at, link }: DryRun): ChainLink => ({
  ...link,
  reason: `${link.reason ?? stateWords[link.state]} (at ${momentText(at)})`
})

const keyOf = (agent: string) => ["dry-run", agent]

/** A chain as just looked at, with the dry run that was asked for here: those are not repeated by themselves. */
export const useDryRun = (chain: AgentChain) => {
  const { api } = useSession()
  const announce = useAnnounce()
  const cache = useQueryClient()
  const key = keyOf(chain.agent_id)
  const { data: last } = useQuery<DryRun | null>({ queryKey: key, queryFn: () => null, enabled: false })

  const dryRun = useMutation({
    mutationFn: async () => {
      const { chains } = await api.doctor({ agent_ids: [chain.agent_id], dry_run: true })
      return chains[0]?.links.find(({ link }) => link === "dry_run")
    },
    onSuccess: (link) => {
      if (link === undefined) return
      cache.setQueryData<DryRun>(key, { link, at: new Date().toISOString() })
      announce(`Dry run of ${chain.name}: ${stateWords[link.state]}${link.reason === null ? "" : `: ${link.reason}`}`)
    }
  })

  // What worked a while ago says nothing of a chain that has broken since.
  const holds = last != null && firstBroken(chain) === undefined
  const links = holds ? chain.links.map((link) => link.link === "dry_run" ? withTime(last) : link) : chain.links
  return { chain: { ...chain, links }, dryRun }
}
