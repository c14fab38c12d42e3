import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { RunId } from "../../domain/Run.ts"
import type { ThreadId } from "../../domain/Thread.ts"

/**
 * The checkpointer's tables, where a thread's history is and nowhere else. It writes them; what concerns a thread as a
 * whole is done here, in the transaction that does the same to the thread. Their primary keys begin with the thread.
 */
export const checkpoints = (sql: PgClient.PgClient) => ({
  deleteOf: (threads: ReadonlyArray<ThreadId>) =>
    sql`
      with
        gone as (delete from langgraph_server.checkpoints where thread_id = any(${threads}::text[])),
        gone_writes as (delete from langgraph_server.checkpoint_writes where thread_id = any(${threads}::text[]))
      delete from langgraph_server.checkpoint_blobs where thread_id = any(${threads}::text[])`,

  /** The thread's id is also in the metadata, where a look through the history would find it. */
  copy: (from: ThreadId, to: ThreadId) =>
    sql`
      with
        copied as (
          insert into langgraph_server.checkpoints
            (owner_id, thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata)
          select
            owner_id, ${to}::text, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint,
            case when metadata ? 'thread_id'
              then metadata || jsonb_build_object('thread_id', ${to}::text)
              else metadata
            end
          from langgraph_server.checkpoints
          where thread_id = ${from}::text
        ),
        copied_writes as (
          insert into langgraph_server.checkpoint_writes
            (owner_id, thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob)
          select owner_id, ${to}::text, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob
          from langgraph_server.checkpoint_writes
          where thread_id = ${from}::text
        )
      insert into langgraph_server.checkpoint_blobs (owner_id, thread_id, checkpoint_ns, channel, version, type, blob)
      select owner_id, ${to}::text, checkpoint_ns, channel, version, type, blob
      from langgraph_server.checkpoint_blobs
      where thread_id = ${from}::text`,

  /**
   * Takes back what a run has put on its thread. Not what it wrote beside an earlier run's checkpoint (the answer to an
   * interrupt): such a write does not say whose it is, and the next answer replaces it.
   */
  undo: (thread: ThreadId, run: RunId) =>
    sql`
      with gone as (
        delete from langgraph_server.checkpoints
        where thread_id = ${thread}::text
          and metadata ->> 'run_id' = ${run}::text
        returning thread_id, checkpoint_ns, checkpoint_id
      )
      delete from langgraph_server.checkpoint_writes w
      using gone
      where w.thread_id = gone.thread_id
        and w.checkpoint_ns = gone.checkpoint_ns
        and w.checkpoint_id = gone.checkpoint_id`.pipe(
      // A statement of its own: it has to see which checkpoints are left.
      Effect.andThen(sql`
        delete from langgraph_server.checkpoint_blobs b
        where b.thread_id = ${thread}::text
          and not exists (
            select
            from langgraph_server.checkpoints c
            cross join lateral jsonb_each_text(c.checkpoint -> 'channel_versions') as used (channel, version)
            where c.thread_id = ${thread}::text
              and c.checkpoint_ns = b.checkpoint_ns
              and used.channel = b.channel
              and used.version = b.version
          )`)
    )
})
