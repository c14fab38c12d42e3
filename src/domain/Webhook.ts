import type { JsonObject } from "./Json.ts"
import { failureOf, type Run, type RunOutcome, type RunStatus, statusAfter } from "./Run.ts"

const longest = 2048

/** What keeps a text from being a webhook's URL, if anything does. In words that don't repeat it: it may hold secrets. */
export const webhookProblem = (text: string): string | undefined => {
  if (text.length > longest) return `webhook is longer than ${longest} characters`
  if (!URL.canParse(text)) return "webhook is not a URL"
  const { protocol } = new URL(text)
  return protocol === "http:" || protocol === "https:" ? undefined : "webhook must start with http:// or https://"
}

/** The part of a webhook's URL that may be shown: neither its user nor its path or query, any of which may be a secret. */
export const webhookHost = (url: string): string => URL.canParse(url) ? new URL(url).host : "(no host)"

/** A run after its end, as its webhook tells it: told by itself, since run and thread may be gone when it arrives. */
export interface RunNotice {
  readonly run_id: string
  readonly thread_id: string
  readonly assistant_id: string
  readonly status: RunStatus
  readonly metadata: JsonObject
  readonly multitask_strategy: string
  /** Why it failed, if it did. */
  readonly error?: { readonly error: string; readonly message: string }
  readonly created_at: string
  readonly updated_at: string
  readonly run_started_at: string | null
  readonly run_ended_at: string
}

export const noticeOf = (run: Run, outcome: RunOutcome, endedAt: Date): RunNotice => {
  const failure = failureOf(outcome)
  return {
    run_id: run.run_id,
    thread_id: run.thread_id,
    assistant_id: run.assistant_id,
    status: statusAfter(outcome).run,
    metadata: run.metadata,
    multitask_strategy: run.multitask_strategy,
    ...(failure === null ? {} : { error: failure }),
    created_at: run.created_at.toISOString(),
    updated_at: endedAt.toISOString(),
    run_started_at: run.started_at?.toISOString() ?? null,
    run_ended_at: endedAt.toISOString()
  }
}

/** What a receiver computes the signature of: with the time in it, an old one can't be sent again as new. */
export const signedText = (seconds: number, body: string): string => `${seconds}.${body}`

export const signatureHeader = (seconds: number, signature: string): string => `t=${seconds},v1=${signature}`

/**
 * Whether it is of no use to try again what a receiver answered like that. Only `410 Gone` says so: a wrong path or
 * credential (404, 401, 403) is what a receiver has while it is being set up, and a day is there to put it right.
 */
export const isFinal = (status: number): boolean => status === 410
