import { Loader } from "@mantine/core"
import type { RunStatus } from "../../../src/domain/Run.ts"
import { type Mark, StateMark } from "../agents/StateMark.tsx"

const words: Readonly<Record<RunStatus, string>> = {
  pending: "waiting",
  running: "running",
  error: "failed",
  success: "done",
  timeout: "took too long",
  interrupted: "stopped"
}

const marks: Readonly<Record<RunStatus, Mark>> = {
  pending: "skipped",
  running: "skipped",
  error: "broken",
  success: "ok",
  timeout: "broken",
  interrupted: "warning"
}

export const runWords = (status: RunStatus): string => words[status]

export const Status = ({ status }: { readonly status: RunStatus }) => (
  <span className="run-status" data-status={status}>
    {status === "running" ? <Loader size={16} aria-hidden="true" /> : <StateMark state={marks[status]} />}{" "}
    {words[status]}
  </span>
)
