import { Schema } from "effect"
import type { AssistantConfig, AssistantId } from "./Assistant.ts"
import type { JsonObject } from "./Json.ts"
import type { UserId } from "./Principal.ts"
import type { MultitaskStrategy, RunId } from "./Run.ts"
import type { RunRequest } from "./RunRequest.ts"
import type { ThreadId } from "./Thread.ts"

/** A UUIDv7 in lower case. */
export const CronId = Schema.NonEmptyString.pipe(Schema.brand("CronId"))
export type CronId = typeof CronId.Type

export const OnRunCompleted = Schema.Literals(["delete", "keep"])
export type OnRunCompleted = typeof OnRunCompleted.Type

/** Crons of one person: each may tick every minute. */
export const cronsPerPerson = 1000

/** What each of its runs is asked to do. Secrets in the configuration are locked. */
export interface CronRun {
  readonly request: Omit<RunRequest, "temporary" | "timeout_seconds"> & { readonly timeout_seconds: number | null }
  readonly config: AssistantConfig
  readonly context: JsonObject
  readonly multitask_strategy: MultitaskStrategy
}

/** When it is to tick. */
export interface CronTiming {
  readonly schedule: string
  readonly timezone: string | null
  readonly end_time: Date | null
  readonly enabled: boolean
}

/** How its ticks went. */
export interface CronProgress {
  readonly enabled: boolean
  /** Null while it is disabled, and when it is over. */
  readonly next_run_date: Date | null
  /** The tick that was due last, whatever came of it: none that follows is before it. */
  readonly last_tick: Date | null
  readonly last_run_id: RunId | null
  /** Why the last tick made no run, or why there are no more. */
  readonly last_error: string | null
  /** How many ticks in a row made none for a reason that does not pass by itself. */
  readonly refusals: number
}

export interface Cron extends CronTiming, CronProgress {
  readonly cron_id: CronId
  readonly owner: UserId
  readonly assistant_id: AssistantId
  /** Each run gets a fresh thread without one. */
  readonly thread_id: ThreadId | null
  /** Of a fresh thread: whether it stays. */
  readonly on_run_completed: OnRunCompleted
  readonly run: CronRun
  readonly metadata: JsonObject
  readonly enabled: boolean
  readonly created_at: Date
  readonly updated_at: Date
}

/** A cron as its owner's request writes it. */
export type CronWritten = Omit<Cron, "created_at" | "cron_id" | "last_run_id" | "last_tick" | "owner" | "updated_at">

export class CronNotFound extends Schema.TaggedError<CronNotFound>()("CronNotFound", { cron: Schema.String }) {
  override get message() {
    return `Cron ${this.cron} not found`
  }
}

export class TooManyCrons extends Schema.TaggedError<TooManyCrons>()("TooManyCrons", { limit: Schema.Number }) {
  override get message() {
    return `You have ${this.limit} crons already: delete one first`
  }
}
