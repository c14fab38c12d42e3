import { Link } from "react-router"
import type { RunRecord } from "../answers.ts"
import { isUnderWay } from "../live.ts"
import { durationText } from "../words/durations.ts"
import { runPath } from "./RecentRuns.tsx"
import { type Placed, timelineOf } from "./timeline.ts"

const kindWords = {
  queue: "Queue",
  configuration: "Configuration",
  tools: "Tool servers",
  model: "Model",
  tool: "Tool",
  checkpoints: "Checkpoints"
} as const

const percent = (share: number) => `${(share * 100).toFixed(3)}%`

/** For the eye: the columns beside it say the same in numbers. */
const Bar = ({ placed: { left, open, step, width } }: { readonly placed: Placed }) => (
  <span className="track" aria-hidden="true">
    <span
      className="step-bar"
      data-open={open}
      style={{ left: percent(left), width: percent(width), backgroundColor: `var(--${step.kind})` }}
    />
  </span>
)

const Row = ({ placed, running }: { readonly placed: Placed; readonly running: boolean }) => {
  const { from, ms, open, step } = placed
  return (
    <tr role="row" data-error={step.error !== null}>
      <th role="rowheader" scope="row">
        <i className="dot" style={{ backgroundColor: `var(--${step.kind})` }} aria-hidden="true" />
        {kindWords[step.kind]}
        {step.name !== "" && <code>{step.name}</code>}
        {step.attempt > 1 && <span className="note">attempt {step.attempt}</span>}
        {step.subrun !== null && <Link to={runPath(step.subrun)}>its run</Link>}
        {step.error !== null && <p className="say-broken">{step.error}</p>}
      </th>
      <td role="cell" className="track-cell">
        <Bar placed={placed} />
      </td>
      <td role="cell" className="number">{`+${durationText(Math.max(0, from))}`}</td>
      <td role="cell" className="number">
        {open ? (running ? `${durationText(ms)} so far` : "not ended") : durationText(ms)}
      </td>
      <td role="cell" className="number">
        {step.usage === null ? "" : `${step.usage.input_tokens} → ${step.usage.output_tokens}`}
      </td>
    </tr>
  )
}

/** A run's steps where they lie in its time: a table whose second column is a picture. Its roles hold on phones, too. */
export const Waterfall = ({ record }: { readonly record: RunRecord }) => {
  const { steps, total } = timelineOf(record, Date.now())
  const running = isUnderWay(record.status)
  if (steps.length === 0) return <p className="empty">{running ? "Nothing yet." : "No steps were kept of this run."}</p>
  return (
    <>
      <table role="table" className="waterfall" aria-label="Steps of the run">
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col">Step</th>
            <th role="columnheader" scope="col" className="track-head">
              <span>0</span>
              <span>{durationText(total)}</span>
            </th>
            <th role="columnheader" scope="col" className="number">Began</th>
            <th role="columnheader" scope="col" className="number">Took</th>
            <th role="columnheader" scope="col" className="number">Tokens in → out</th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {steps.map((placed, index) => <Row key={index} placed={placed} running={running} />)}
        </tbody>
      </table>
      {record.left_out > 0 && <p className="note">{record.left_out} more steps were not kept.</p>}
    </>
  )
}
