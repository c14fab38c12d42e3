import { Link } from "react-router"
import type { RunRecord } from "../answers.ts"
import { Section } from "../shell/Section.tsx"
import { runPath } from "./RecentRuns.tsx"
import { Status } from "./RunStatus.tsx"

/** Runs of other agents that this one called. */
export const Subruns = ({ subruns }: Pick<RunRecord, "subruns">) => (
  <Section title="Runs of other agents" id="subruns">
    <ul className="runs">
      {subruns.map((subrun) => (
        <li key={subrun.run_id}>
          <Link to={runPath(subrun)}>
            <Status status={subrun.status} />
            <span className="run-id">{`…${subrun.run_id.slice(-8)}`}</span>
          </Link>
          <Link to={`/agents/${encodeURIComponent(subrun.assistant_id)}`} className="note">its agent</Link>
        </li>
      ))}
    </ul>
  </Section>
)
