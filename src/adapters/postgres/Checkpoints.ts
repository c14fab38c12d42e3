import type { PgClient } from "@effect/sql-pg"
import { Effect, Schema } from "effect"
import type { RunId } from "../../domain/Run.ts"
import type { ThreadId } from "../../domain/Thread.ts"
import { decodeRows } from "./Values.ts"

const decodeQuestions = decodeRows(
  Schema.Struct({ task: Schema.String, interrupts: Schema.fromJsonString(Schema.Json) })
)

/**
 * The checkpointer's tables, where a thread's history is and nowhere else. It writes them; what concerns a thread as a
 * whole is done here, in the transaction that does the same to the thread. Their primary keys begin with the thread.
 */
export const checkpoints = (sql: PgClient.PgClient) => {
  /** The values that no checkpoint refers to any more. A statement of its own: it has to see which ones are left. */
  const sweep = (threads: ReadonlyArray<ThreadId>) =>
    sql`
        delete from langgraph_server.checkpoint_blobs b
        where b.thread_id = any(${threads}::text[])
          and not exists (
            select
            from langgraph_server.checkpoints c
            cross join lateral jsonb_each_text(c.checkpoint -> 'channel_versions') as used (channel, version)
            where c.thread_id = b.thread_id
              and c.checkpoint_ns = b.checkpoint_ns
              and used.channel = b.channel
              and used.version = b.version
          )`

  return {
    /** What a thread's latest state asks a person, by task: what LangGraph finds there. By the primary keys. */
    questions: (thread: ThreadId) =>
      decodeQuestions(sql`
        select w.task_id as task, convert_from(w.blob, 'UTF8') as interrupts
        from langgraph_server.checkpoint_writes w
        where w.thread_id = ${thread}::text
          and w.checkpoint_ns = ''
          and w.checkpoint_id = (
            select max(c.checkpoint_id)
            from langgraph_server.checkpoints c
            where c.thread_id = ${thread}::text and c.checkpoint_ns = ''
          )
          and w.channel = '__interrupt__'
          and w.type = 'json'`).pipe(
        Effect.map((rows) => Object.fromEntries(rows.map(({ interrupts, task }) => [task, interrupts])))
      ),

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
        Effect.andThen(sweep([thread]))
      ),

    /**
     * Takes away all but the latest state: of the thread itself, of the nested graphs that are under way in it, and of those
     * that have a memory of their own (no task's id in their name). A state that is kept as what has changed since an earlier
     * one can't be without it: such threads stay as they are.
     */
    keepLatest: (threads: ReadonlyArray<ThreadId>) =>
      sql`
      with
        latest as (
          select distinct on (c.thread_id, c.checkpoint_ns) c.thread_id, c.checkpoint_ns, c.checkpoint_id, c.metadata
          from langgraph_server.checkpoints c
          where c.thread_id = any(${threads}::text[])
          order by c.thread_id, c.checkpoint_ns, c.checkpoint_id desc
        ),
        kept as (
          select l.thread_id, l.checkpoint_ns, l.checkpoint_id
          from latest l
          join latest top on top.thread_id = l.thread_id and top.checkpoint_ns = ''
          where l.checkpoint_ns = ''
            or strpos(l.checkpoint_ns, ':') = 0
            or l.metadata -> 'parents' ->> '' = top.checkpoint_id
        ),
        gone as (
          delete from langgraph_server.checkpoints c
          where c.thread_id = any(${threads}::text[])
            and not exists (
              select
              from latest l
              where l.thread_id = c.thread_id and l.metadata ? 'counters_since_delta_snapshot'
            )
            and not exists (
              select
              from kept k
              where k.thread_id = c.thread_id
                and k.checkpoint_ns = c.checkpoint_ns
                and k.checkpoint_id = c.checkpoint_id
            )
          returning c.thread_id, c.checkpoint_ns, c.checkpoint_id
        )
      delete from langgraph_server.checkpoint_writes w
      using gone
      where w.thread_id = gone.thread_id
        and w.checkpoint_ns = gone.checkpoint_ns
        and w.checkpoint_id = gone.checkpoint_id`.pipe(Effect.andThen(sweep(threads)))
  }
}
