import { Button, Skeleton } from "@mantine/core"
import { useMutation, useQuery } from "@tanstack/react-query"
import { useEffect } from "react"
import { Link, useParams } from "react-router"
import { KeyTable } from "../agent/KeyTable.tsx"
import { everyTwoSeconds, interval, isUnderWay } from "../live.ts"
import { useSession } from "../session/Session.tsx"
import { useAnnounce } from "../shell/Announcer.tsx"
import { Page } from "../shell/Page.tsx"
import { isGone, Problem } from "../shell/Problem.tsx"
import { Section } from "../shell/Section.tsx"
import { RunFacts } from "./RunFacts.tsx"
import { runWords, Status } from "./RunStatus.tsx"
import { RunTools } from "./RunTools.tsx"
import { Subruns } from "./Subruns.tsx"
import { Waterfall } from "./Waterfall.tsx"

/** One run: what its time went into, and what it really got. */
const RunPage = () => {
  const { run = "", thread = "" } = useParams()
  const { api } = useSession()
  const announce = useAnnounce()
  const { data: last, error, refetch } = useQuery({
    queryKey: ["record", thread, run],
    queryFn: ({ signal }) => api.record(thread, run, signal),
    ...everyTwoSeconds,
    refetchInterval: ({ state }) => interval(state.data === undefined ? [] : [state.data.status])
  })
  const data = isGone(error) ? undefined : last
  const stop = useMutation({ mutationFn: () => api.cancel(thread, run), onSuccess: () => void refetch() })
  const status = data?.status
  useEffect(() => {
    if (status !== undefined) announce(`The run is ${runWords(status)}`)
  }, [announce, status])

  return (
    <Page
      title={`Run …${run.slice(-8)}`}
      aside={data !== undefined && (
        <>
          <Status status={data.status} />
          {isUnderWay(data.status) && (
            <Button
              size="compact-sm"
              variant="default"
              loading={stop.isPending}
              onClick={() => stop.mutate()}
            >
              Stop
            </Button>
          )}
        </>
      )}
      above={data === undefined
        ? <Link to="/runs" className="back">Your runs</Link>
        : <Link to={`/agents/${encodeURIComponent(data.assistant_id)}`} className="back">Its agent</Link>}
    >
      {error !== null && <Problem error={error} what="This run" onRetry={() => void refetch()} />}
      {stop.error !== null && <Problem error={stop.error} what="Stopping" />}
      {data === undefined && error === null && <Skeleton height={220} aria-label="Reading the run's record" />}
      {data !== undefined && (
        <div className="stack">
          {data.failure !== null && (
            <section className="panel failure" aria-labelledby="failure">
              <h2 id="failure">It failed: {data.failure.error}</h2>
              <p>{data.failure.message}</p>
            </section>
          )}
          <RunFacts record={data} />
          <Section title="What its time went into" id="steps">
            <Waterfall record={data} />
          </Section>
          {data.subruns.length > 0 && <Subruns subruns={data.subruns} />}
          <RunTools tools={data.tools} />
          <Section title="Configuration that it got" id="configuration">
            <KeyTable label="Configuration of the run" keys={data.keys} dropped={data.dropped} />
          </Section>
        </div>
      )}
    </Page>
  )
}

export default RunPage
