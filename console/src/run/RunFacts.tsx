import { Link } from "react-router"
import type { RunRecord } from "../answers.ts"
import { Facts } from "../shell/Facts.tsx"
import { Section } from "../shell/Section.tsx"
import { durationText } from "../words/durations.ts"
import { Moment } from "../words/Moment.tsx"
import { runPath } from "./RecentRuns.tsx"

const tokens = ({ usage }: RunRecord) =>
  usage === null ? "not counted" : `${usage.input_tokens} in, ${usage.output_tokens} out`

const took = ({ ended_at, started_at }: RunRecord) =>
  started_at === null || ended_at === null ? null : durationText(Date.parse(ended_at) - Date.parse(started_at))

const attempts = ({ attempt, lost }: RunRecord) =>
  `${attempt}${lost === 0 ? "" : `; ${lost} ended with the process that had it`}`

export const RunFacts = ({ record }: { readonly record: RunRecord }) => {
  const duration = took(record)
  return (
    <Section title="In short" id="overview">
      <Facts
        facts={[
          ["Created", <Moment at={record.created_at} />],
          duration === null ? null : ["Took", duration],
          ["Tokens", tokens(record)],
          [
            "Agent",
            (
              <Link to={`/agents/${encodeURIComponent(record.assistant_id)}`}>
                version {record.assistant_version} of <code className="id">{record.assistant_id}</code>
              </Link>
            )
          ],
          record.attempt > 1 || record.lost > 0 ? ["Attempts", attempts(record)] : null,
          record.stale_since === null
            ? null
            : [
              "Stale",
              <>
                the agents' tables could not be read; it ran on what was last in force,{" "}
                <Moment at={record.stale_since} />
              </>
            ],
          record.parent === null ? null : ["Called by", <Link to={runPath(record.parent)}>another agent's run</Link>],
          ["Recursion limit", `${record.recursion_limit} steps`],
          ["Thread", <code className="id">{record.thread_id}</code>],
          ["Run", <code className="id">{record.run_id}</code>]
        ]}
      />
    </Section>
  )
}
