import { keepPreviousData, useQuery } from "@tanstack/react-query"
import { useState } from "react"
import { Link } from "react-router"
import type { Run } from "../answers.ts"
import { everyTwoSeconds, interval } from "../live.ts"
import { useSession } from "../session/Session.tsx"
import { Paging } from "../shell/Paging.tsx"
import { Problem } from "../shell/Problem.tsx"
import { Moment } from "../words/Moment.tsx"
import { Status } from "./RunStatus.tsx"

export const runPath = ({ run_id, thread_id }: Pick<Run, "run_id" | "thread_id">) =>
  `/threads/${encodeURIComponent(thread_id)}/runs/${encodeURIComponent(run_id)}`

interface RecentRunsProps {
  /** Of all of them, where none is named. */
  readonly assistant?: string
  readonly size?: number
}

export const RecentRuns = ({ assistant, size = 10 }: RecentRunsProps) => {
  const { api } = useSession()
  const [offset, setOffset] = useState(0)
  const { data, error } = useQuery({
    queryKey: ["runs", assistant ?? null, size, offset],
    queryFn: ({ signal }) =>
      api.runs({ ...(assistant === undefined ? {} : { assistant_id: assistant }), limit: size, offset }, signal),
    placeholderData: keepPreviousData,
    ...everyTwoSeconds,
    refetchInterval: ({ state }) => interval(state.data?.items.map(({ status }) => status) ?? [])
  })
  return (
    <>
      {error !== null && <Problem error={error} what="The runs" />}
      {data?.items.length === 0 && <p className="empty">You have no runs here yet.</p>}
      <ul className="runs">
        {data?.items.map((run) => (
          <li key={run.run_id}>
            <Link to={runPath(run)}>
              <Status status={run.status} />
              <span className="run-id">{`…${run.run_id.slice(-8)}`}</span>
              <Moment at={run.created_at} />
            </Link>
            {run.error !== undefined && <p className="say-broken">{run.error.message}</p>}
          </li>
        ))}
      </ul>
      {data !== undefined && <Paging total={data.total} offset={offset} size={size} onOffset={setOffset} />}
    </>
  )
}
