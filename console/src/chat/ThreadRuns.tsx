import { keepPreviousData, useQuery } from "@tanstack/react-query"
import { Link } from "react-router"
import { everyTwoSeconds, interval } from "../live.ts"
import { runPath } from "../run/RecentRuns.tsx"
import { Status } from "../run/RunStatus.tsx"
import { useSession } from "../session/Session.tsx"

/** The last runs of a conversation: what each answer was made of. */
export const ThreadRuns = ({ thread, answering }: { readonly thread: string; readonly answering: boolean }) => {
  const { api } = useSession()
  const { data = [] } = useQuery({
    queryKey: ["thread-runs", thread, answering],
    queryFn: ({ signal }) => api.threadRuns(thread, signal),
    placeholderData: keepPreviousData,
    ...everyTwoSeconds,
    refetchInterval: ({ state }) => interval(state.data?.map(({ status }) => status) ?? [])
  })
  const last = data.slice(0, 3)
  if (last.length === 0) return null
  return (
    <nav className="thread-runs" aria-label="Runs of this conversation">
      <span className="note">Its last runs:</span>
      {last.map((run) => (
        <Link key={run.run_id} to={runPath(run)}>
          <Status status={run.status} />
          <span className="run-id">{`…${run.run_id.slice(-8)}`}</span>
        </Link>
      ))}
    </nav>
  )
}
