import type { PgClient } from "@effect/sql-pg"
import type { StateClaim } from "../../domain/Thread.ts"
import type { Rows } from "./CheckpointRows.ts"

/** A claim of a run: only the last one may write. */
export interface Claim {
  readonly runId: string
  readonly attempt: number
}

/** Who writes: a claim of a run, one of a thread's state, or whoever needs none. */
export type Writer = Claim | StateClaim | null

/** What somebody writes, and for which claim. */
export interface Writing {
  readonly claim: Writer
  readonly rows: Rows
}

/** How a claim is known in a statement. */
const nameOf = (claim: Writer): string => claim === null ? "" : "token" in claim ? claim.token : claim.runId

const isRun = (claim: Writer): claim is Claim => claim !== null && "runId" in claim

/**
 * The rows of the runs whose claims are still those that run them, by runs_pkey; or the thread's, if no run has started
 * since. They stay locked to the end of the statement: the next claim waits for us, or we for it and then see what it has
 * made of the row. Who writes for several runs waits for none of them: one that is locked is missing then.
 */
const fence = (sql: PgClient.PgClient, writers: ReadonlyArray<Writer>, waits: boolean) => {
  const [claim] = writers
  if (claim === undefined || claim === null) return sql`select ''::text as by, null::text as owner_id`
  if ("token" in claim) {
    return sql`
        select ${nameOf(claim)}::text as by, t.owner_id
        from langgraph_server.threads t
        where t.id = ${claim.thread_id}::uuid
          and t.state_claim = ${claim.token}::uuid
        for share`
  }
  const claims = writers.filter(isRun)
  return sql`
        select r.id::text as by, r.owner_id
        from langgraph_server.runs r
        join unnest(
          ${claims.map(({ runId }) => runId)}::uuid[],
          ${claims.map(({ attempt }) => attempt)}::int[]
        ) c (id, attempt) on c.id = r.id and c.attempt = r.attempt
        where r.status = 'running'
        for share of r ${sql.literal(waits ? "" : "skip locked")}`
}

/** Rows of all who write, each with who writes it. */
const named = <A>(all: ReadonlyArray<Writing>, rows: (rows: Rows) => ReadonlyArray<A>) =>
  all.flatMap(({ claim, rows: written }) => rows(written).map((row) => ({ ...row, by: nameOf(claim) })))

const writesOf = (sql: PgClient.PgClient, all: ReadonlyArray<Writing>, replaces: boolean) => {
  const rows = named(all, ({ writes }) => writes.filter((row) => row.replaces === replaces))
  return sql`
        insert into langgraph_server.checkpoint_writes
          (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob, owner_id)
        select
          w.thread_id, w.checkpoint_ns, w.checkpoint_id, w.task_id, w.idx, w.channel, w.type, w.blob, fence.owner_id
        from fence
        join unnest(
          ${rows.map(({ by }) => by)}::text[],
          ${rows.map(({ thread }) => thread)}::text[],
          ${rows.map(({ namespace }) => namespace)}::text[],
          ${rows.map(({ checkpoint }) => checkpoint)}::text[],
          ${rows.map(({ task }) => task)}::text[],
          ${rows.map(({ idx }) => idx)}::int[],
          ${rows.map(({ channel }) => channel)}::text[],
          ${rows.map(({ type }) => type)}::text[],
          ${rows.map(({ blob }) => blob)}::bytea[]
        ) w (by, thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob) on w.by = fence.by
        on conflict (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)`
}

/**
 * All of what each of them writes or nothing of it, and nothing unless its fence holds: answers with whose did. Arrays of
 * nulls can't be sent.
 */
export const insert = (
  sql: PgClient.PgClient,
  all: ReadonlyArray<Writing>,
  { waits }: { readonly waits: boolean }
) => {
  const blobs = named(all, (rows) => rows.blobs), checkpoints = named(all, (rows) => rows.checkpoints)
  return sql<{ readonly by: string }>`
    with
      fence as materialized (${fence(sql, all.map(({ claim }) => claim), waits)}),
      kept as (
        insert into langgraph_server.checkpoint_blobs
          (thread_id, checkpoint_ns, channel, version, type, blob, owner_id)
        select
          b.thread_id, b.checkpoint_ns, b.channel, b.version, b.type,
          case when b.type <> 'empty' then b.blob end, fence.owner_id
        from fence
        join unnest(
          ${blobs.map(({ by }) => by)}::text[],
          ${blobs.map(({ thread }) => thread)}::text[],
          ${blobs.map(({ namespace }) => namespace)}::text[],
          ${blobs.map(({ channel }) => channel)}::text[],
          ${blobs.map(({ version }) => version)}::text[],
          ${blobs.map(({ type }) => type)}::text[],
          ${blobs.map(({ blob }) => blob)}::bytea[]
        ) b (by, thread_id, checkpoint_ns, channel, version, type, blob) on b.by = fence.by
        on conflict (thread_id, checkpoint_ns, channel, version) do nothing
      ),
      written as (${writesOf(sql, all, false)} do nothing),
      rewritten as (${writesOf(sql, all, true)}
        do update set channel = excluded.channel, type = excluded.type, blob = excluded.blob
      ),
      put as (
        insert into langgraph_server.checkpoints
          (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, checkpoint, metadata, owner_id)
        select
          c.thread_id, c.checkpoint_ns, c.checkpoint_id, nullif(c.parent_checkpoint_id, ''), c.checkpoint::jsonb,
          c.metadata::jsonb, fence.owner_id
        from fence
        join unnest(
          ${checkpoints.map(({ by }) => by)}::text[],
          ${checkpoints.map(({ thread }) => thread)}::text[],
          ${checkpoints.map(({ namespace }) => namespace)}::text[],
          ${checkpoints.map(({ id }) => id)}::text[],
          ${checkpoints.map(({ parent }) => parent ?? "")}::text[],
          ${checkpoints.map(({ checkpoint }) => checkpoint)}::text[],
          ${checkpoints.map(({ metadata }) => metadata)}::text[]
        ) c (by, thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, checkpoint, metadata)
          on c.by = fence.by
        on conflict (thread_id, checkpoint_ns, checkpoint_id)
        do update set checkpoint = excluded.checkpoint, metadata = excluded.metadata
      )
    select by from fence`
}

export const deleteThread = (sql: PgClient.PgClient, thread: string) =>
  sql`
    with
      gone as (delete from langgraph_server.checkpoints where thread_id = ${thread}),
      gone_writes as (delete from langgraph_server.checkpoint_writes where thread_id = ${thread})
    delete from langgraph_server.checkpoint_blobs where thread_id = ${thread}`
