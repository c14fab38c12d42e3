import { type CheckpointTuple, maxChannelVersion, TASKS } from "@langchain/langgraph-checkpoint"
import type { TupleRow } from "./CheckpointReads.ts"
import { configOf } from "./CheckpointRows.ts"
import type { CheckpointSerde } from "./CheckpointSerde.ts"

type Column<A> = ReadonlyArray<A> | null

/** Values out of the columns that hold their types and their bytes. */
const values = (serde: CheckpointSerde, types: Column<string>, blobs: Column<Uint8Array>): Promise<Array<unknown>> =>
  Promise.all((types ?? []).map((type, index) => serde.loadsTyped(type, blobs?.[index] ?? "null")))

/** What LangGraph since version 4 would have written in the place of a checkpoint from before. */
const modern = (checkpoint: TupleRow["checkpoint"], sent: ReadonlyArray<unknown>) => {
  if (sent.length === 0) return { versions: checkpoint.channel_versions, sends: {} }
  const versions = Object.values(checkpoint.channel_versions)
  const version = versions.length === 0 ? 1 : maxChannelVersion(...versions)
  return { versions: { ...checkpoint.channel_versions, [TASKS]: version }, sends: { [TASKS]: sent } }
}

/** A row as LangGraph reads it. */
export const tupleOf = async (serde: CheckpointSerde, row: TupleRow): Promise<CheckpointTuple> => {
  const [channels, written, sent, metadata] = await Promise.all([
    values(serde, row.channel_types, row.channel_blobs),
    values(serde, row.task_types, row.task_blobs),
    values(serde, row.sent_types, row.sent_blobs),
    serde.loadsTyped("json", row.metadata)
  ])
  const { sends, versions } = modern(row.checkpoint, sent)
  const place = { thread: row.thread_id, namespace: row.checkpoint_ns }
  const parent = row.parent_checkpoint_id
  return {
    config: configOf({ ...place, checkpoint: row.checkpoint_id }),
    checkpoint: {
      ...row.checkpoint,
      channel_versions: versions,
      channel_values: {
        ...Object.fromEntries((row.channels ?? []).map((channel, index) => [channel, channels[index]])),
        ...sends
      }
    },
    metadata,
    pendingWrites: (row.tasks ?? []).map((task, index) => [task, row.task_channels?.[index] ?? "", written[index]]),
    ...(parent === null ? {} : { parentConfig: configOf({ ...place, checkpoint: parent }) })
  }
}
