import { Skeleton } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { lazy, Suspense, useEffect, useRef } from "react"
import { Link, useParams } from "react-router"
import { everyTenSeconds } from "../live.ts"
import { RecentRuns } from "../run/RecentRuns.tsx"
import { useSession } from "../session/Session.tsx"
import { useAnnounce } from "../shell/Announcer.tsx"
import { Page } from "../shell/Page.tsx"
import { isGone, Problem } from "../shell/Problem.tsx"
import { Section } from "../shell/Section.tsx"
import { AgentTools } from "./AgentTools.tsx"
import { Chain } from "./Chain.tsx"
import { Configuration } from "./Configuration.tsx"
import { Overview } from "./Overview.tsx"
import { Servers } from "./Servers.tsx"
import { Versions } from "./Versions.tsx"

const ChatBox = lazy(() => import("../chat/ChatBox.tsx"))

const parts = [
  ["chain", "Chain"],
  ["configuration", "Configuration"],
  ["servers", "Servers"],
  ["versions", "Versions"],
  ["runs", "Runs"],
  ["chat", "Try it"]
] as const

/** Where there is one column only, it is a long one. */
const OnPage = () => (
  <nav className="on-page" aria-label="On this page">
    {parts.map(([id, name]) => <a key={id} href={`#${id}`}>{name}</a>)}
  </nav>
)

/** One agent: what a run by whoever looks would get, now; what it was before; and a place to try it. */
const AgentPage = () => {
  const { assistant = "" } = useParams()
  const { api } = useSession()
  const { data: last, error, refetch } = useQuery({
    queryKey: ["explain", assistant],
    queryFn: ({ signal }) => api.explain(assistant, {}, signal),
    ...everyTenSeconds
  })

  const data = isGone(error) ? undefined : last

  const announce = useAnnounce()
  const version = data?.assistant_version
  const seen = useRef(version)
  useEffect(() => {
    if (version === undefined) return
    if (seen.current !== undefined && seen.current !== version) announce(`It is at version ${version} now`)
    seen.current = version
  }, [announce, version])

  return (
    <Page title={data?.name ?? "Agent"} above={<Link to="/" className="back">All agents</Link>}>
      {error !== null && <Problem error={error} what="This agent" onRetry={() => void refetch()} />}
      {data !== undefined && <OnPage />}
      <div className="split">
        <div className="stack">
          {data === undefined && error === null && <Skeleton height={220} aria-label="Asking what a run would get" />}
          {data !== undefined && (
            <>
              <Overview explained={data} />
              <Chain assistant={assistant} />
              <Configuration assistant={assistant} plain={data} />
              <Servers servers={data.servers} />
              {data.agent_tools.length > 0 && <AgentTools title="Agents that it may call" tools={data.agent_tools} />}
              <Versions assistant={assistant} />
              <Section title="Your recent runs" id="runs">
                <RecentRuns assistant={assistant} />
              </Section>
            </>
          )}
        </div>
        {data !== undefined && (
          <Suspense fallback={<Skeleton height={320} aria-label="Loading the chat" />}>
            <ChatBox assistant={assistant} name={data.name} />
          </Suspense>
        )}
      </div>
    </Page>
  )
}

export default AgentPage
