import {
  admit,
  type CancelAction,
  type MultitaskStrategy,
  RunOutcome,
  type RunStatus,
  settledOutcome,
  statusAfter
} from "../../src/domain/Run.ts"
import { canResume } from "../../src/domain/RunRequest.ts"
import type { ThreadStatus } from "../../src/domain/Thread.ts"

/** A run as the model knows it; its number is its place in time. */
export interface ModelRun {
  readonly number: number
  readonly thread: number
  status: RunStatus
  attempt: number
  lost: number
  started: boolean
  cancel: CancelAction | null
  /** Its row says that it has a place in line; and whether it has. */
  offered: boolean
  inLine: boolean
}

interface ModelThread {
  status: ThreadStatus
  /** It has a question for a person. */
  open: boolean
}

const active = ({ status }: ModelRun) => status === "pending" || status === "running"

/**
 * What runs and their line are to be like after anything that may happen to them: the whole of it in memory, without
 * transactions, locks or statements. All runs are due and within their tenant's share.
 */
export class RunModel {
  readonly threads = new Map<number, ModelThread>()
  readonly runs = new Map<number, ModelRun>()
  readonly ends: Array<string> = []
  created = 0

  run(number: number): ModelRun | undefined {
    return this.runs.get(number)
  }

  on(thread: number): ReadonlyArray<ModelRun> {
    return [...this.runs.values()].filter((run) => run.thread === thread && active(run))
  }

  offer(run: ModelRun) {
    run.offered = true
    run.inLine = true
  }

  offerHead(thread: number) {
    const [head] = this.on(thread)
    if (head?.status === "pending" && !head.offered) this.offer(head)
  }

  conclude(run: ModelRun, outcome: RunOutcome) {
    const rolledBack = outcome._tag === "Cancelled" && outcome.action === "rollback"
    this.ends.push(`${run.number} ${outcome._tag}${outcome._tag === "Cancelled" ? ` ${outcome.action}` : ""}`)
    run.status = statusAfter(outcome).run
    run.inLine = false
    if (rolledBack) this.runs.delete(run.number)
  }

  passOn(run: ModelRun, outcome: RunOutcome) {
    const thread = this.threads.get(run.thread)
    if (thread === undefined) return
    if (run.started) {
      thread.status = statusAfter(outcome).thread
      thread.open = outcome._tag === "Completed" && outcome.waiting
    } else thread.status = thread.open ? "interrupted" : "idle"
    if (this.on(run.thread).length > 0) thread.status = "busy"
    this.offerHead(run.thread)
  }

  stop(run: ModelRun, action: CancelAction) {
    if (run.status === "pending") return this.conclude(run, RunOutcome.Cancelled({ action }))
    run.cancel = run.cancel === "rollback" ? "rollback" : action
  }

  create(number: number, thread: number, strategy: MultitaskStrategy, resume: boolean): string {
    const there = this.threads.get(thread)
    if (there === undefined) return "ThreadNotFound"
    const before = this.on(thread)
    const admission = admit(strategy, before.length)
    if (admission._tag === "Rejected") return "ThreadBusy"
    if (resume && !canResume(there.status)) return "NothingToResume"
    if (admission._tag === "AcceptedAfter") before.forEach((run) => this.stop(run, admission.action))
    this.runs.set(number, {
      number,
      thread,
      status: "pending",
      attempt: 0,
      lost: 0,
      started: false,
      cancel: null,
      offered: false,
      inLine: false
    })
    there.status = "busy"
    this.offerHead(thread)
    return "accepted"
  }

  /** The attempt; none if it has ended or it is not its turn. */
  claim(number: number, thread: number): number | null {
    const run = this.run(number)
    const there = this.threads.get(thread)
    if (run !== undefined && there !== undefined && active(run) && this.on(thread)[0] === run) {
      run.lost += run.status === "running" ? 1 : 0
      run.attempt += 1
      run.status = "running"
      run.started = true
      there.status = "busy"
      there.open = false
      return run.attempt
    }
    if (run !== undefined) run.inLine = false
    if (run?.status === "pending") run.offered = false
    this.offerHead(thread)
    return null
  }

  settle(number: number, attempt: number, outcome: RunOutcome): string {
    const run = this.run(number)
    if (run === undefined || run.status !== "running" || run.attempt !== attempt) return "void"
    const settled = settledOutcome(outcome, run.cancel)
    this.conclude(run, settled)
    this.passOn(run, settled)
    return settled._tag
  }

  release(number: number, attempt: number) {
    const run = this.run(number)
    if (run?.status === "running" && run.attempt === attempt) run.status = "pending"
  }

  cancel(number: number, action: CancelAction) {
    const run = this.run(number)
    if (run === undefined || !active(run)) return
    const waited = run.status === "pending"
    this.stop(run, action)
    if (waited) this.passOn(run, RunOutcome.Cancelled({ action }))
  }

  openThread(thread: number) {
    if (!this.threads.has(thread)) this.threads.set(thread, { status: "idle", open: false })
  }

  deleteThread(thread: number) {
    this.threads.delete(thread)
    for (const run of this.runs.values()) if (run.thread === thread) this.runs.delete(run.number)
  }

  /** The line, or the run's row, loses its place. */
  forget(number: number, what: "job" | "row") {
    const run = this.run(number)
    if (run === undefined) return
    run.inLine = false
    if (what === "row" && run.status === "pending") run.offered = false
  }

  offerForgotten(): number {
    const forgotten = [...this.runs.values()].filter((run) => active(run) && run.offered && !run.inLine)
    forgotten.forEach((run) => this.offer(run))
    const waiting = [...this.threads.keys()].filter((thread) => {
      const all = this.on(thread)
      return all.length > 0 && !all.some(({ offered, status }) => offered || status === "running")
    })
    waiting.forEach((thread) => this.offerHead(thread))
    return forgotten.length + waiting.length
  }
}
