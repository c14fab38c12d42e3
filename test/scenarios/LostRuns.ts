import { assert } from "vitest"
import { messagesOf, said } from "../support/Conversation.ts"
import { recordOf, stepsOf } from "../support/Records.ts"
import {
  assertGapless,
  assertOnceEach,
  attemptsIn,
  begin,
  type BegunRun,
  endOf,
  reading,
  type SeenFrame
} from "../support/ReplicaRuns.ts"
import { heartbeatSeconds, homely, type Replica, type Replicas } from "../support/ReplicaServers.ts"

/** A replica is missed after this at the latest; then it is looked for once a second. */
export const takenOverWithin = heartbeatSeconds * 1000 + 2_000

/** A run whose replica has been killed, and what is left. */
interface Lost {
  readonly world: Replicas
  readonly doomed: Replica
  readonly survivor: Replica
  readonly run: BegunRun
  readonly marker: string
  /** How long it took until the run was taken up again, in ms. */
  readonly took: number
  /** Who reads from the survivor since before, and who was reading from the other until it died. */
  readonly there: ReturnType<typeof reading>
  readonly cutOff: ReadonlyArray<SeenFrame>
}

/** How a run is to be caught when its replica dies, and what must have come of it then. */
export interface LostRun {
  readonly text: (marker: string) => string
  readonly payload?: Parameters<typeof begin>[2]
  /** Said on the thread before. */
  readonly before?: string
  /** It has come to its end and can't say so: its thread is locked. Else a tool of its works. */
  readonly cantSaySo: boolean
  readonly check: (lost: Lost) => Promise<void>
}

export const callsOf = ({ legal }: Replicas, marker: string) =>
  legal.seen.calls.filter((call) => JSON.stringify(call.arguments).includes(marker))

const goOn = async (
  { run: { thread_id }, survivor }: Lost,
  payload: { readonly input: null } | { readonly command: object }
) => said(await survivor.client().runs.wait(thread_id, homely, payload))

const wasTakenOver = async ({ run, there, took, world }: Lost): Promise<ReadonlyArray<SeenFrame>> => {
  assert.deepEqual(await endOf(world, run), { status: "success", attempt: 2, lost: 1, error: null, message: null })
  assert.isBelow(took, takenOverWithin)
  const frames = await there.ended
  assertGapless(frames)
  assert.deepEqual(attemptsIn(frames), [1, 2])
  return frames
}

/** Ended for its reader, and its thread waits for a person. */
const waits = async (lost: Lost) => {
  await wasTakenOver(lost)
  assert.strictEqual((await lost.survivor.client().threads.get(lost.run.thread_id)).status, "interrupted")
}

/** What the first attempt had noted is there, its last step without an end; and what the second did. */
const hasRecordOfBoth = async ({ run, survivor }: Lost) => {
  const fetchAs: Parameters<typeof recordOf>[0] = { fetch: (_, path, init) => survivor.fetch(path, init) }
  const record = await recordOf(fetchAs, run)
  const steps = stepsOf(record)
  const first = steps.filter(({ attempt }) => attempt === 1)
  assert.deepEqual(
    first.filter(({ kind }) => kind === "model" || kind === "tool").map(({ kind, ms }) => [kind, ms === null]),
    [
      ["model", false],
      ["tool", false],
      ["model", false],
      ["tool", true]
    ]
  )
  const second = steps.filter(({ attempt }) => attempt === 2).map(({ kind }) => kind)
  assert.deepEqual(second, ["queue", "tools", "tools", "tool", "model", "checkpoints"])
  assert.isAbove(steps.find(({ attempt, kind }) => attempt === 2 && kind === "queue")?.ms ?? 0, 1_000)
  assert.deepInclude(record, { attempt: 2, lost: 1, usage: { input_tokens: 30, output_tokens: 15, total_tokens: 45 } })
}

/** How long a run stays where it can be caught, in ms: a machine that is busy takes its time for that. */
const catchable = 3_000

const twoSteps = (marker: string) =>
  `steps:after:${catchable}:tool:search_laws:{"query":"${marker}"} | say:erlaubt ${marker}`

/** Runs that a replica had in its hands when it was killed. */
export const lostRuns: Readonly<Record<string, LostRun>> = {
  "in a tool's call: goes on from its last checkpoint on the other, in the same stream": {
    text: (marker) =>
      `steps:tool:search_laws:{"query":"erst ${marker}"} | tool:slow:{"ms":15000,"marker":"dann ${marker}"} | say:fertig ${marker}`,
    cantSaySo: false,
    check: async (lost) => {
      const { cutOff, doomed, marker, run, survivor, world } = lost
      const frames = await wasTakenOver(lost)
      assert.strictEqual(said(frames.at(-1)?.data).at(-1), `ai: fertig ${marker}`)
      const rest = await reading(survivor.client(), run, cutOff.at(-1)?.id).ended
      assert.isAbove(cutOff.length, 2)
      assert.deepEqual([...cutOff, ...rest], frames, "whoever comes back goes on where they were cut off")

      const { values } = await survivor.client().threads.getState(run.thread_id)
      assertOnceEach(values)
      assert.deepEqual(messagesOf(values).map(({ type }) => type), ["human", "ai", "tool", "ai", "tool", "ai"])
      assert.lengthOf(callsOf(world, `erst ${marker}`), 1, "the step that was done is not done again")
      assert.lengthOf(callsOf(world, `dann ${marker}`), 2, "the one under way is")
      assert.deepEqual(world.askedBy(marker), [doomed.name, doomed.name, survivor.name])
      assert.strictEqual((await survivor.client().threads.get(run.thread_id)).status, "idle")
      await hasRecordOfBoth(lost)
    }
  },

  "having stopped before a node: waits there, and goes on when it may": {
    text: twoSteps,
    payload: { interruptBefore: ["tools"] },
    cantSaySo: true,
    check: async (lost) => {
      const { marker, run, survivor, world } = lost
      await waits(lost)
      assert.lengthOf(callsOf(world, marker), 0, "it did not pass its breakpoint")
      assert.deepEqual((await survivor.client().threads.getState(run.thread_id)).next, ["tools"])
      assert.strictEqual((await goOn(lost, { input: null })).at(-1), `ai: erlaubt ${marker}`)
      assert.lengthOf(callsOf(world, marker), 1)
    }
  },

  "having stopped after a node: waits there, and goes on when it may": {
    text: twoSteps,
    payload: { interruptAfter: ["tools"] },
    cantSaySo: true,
    check: async (lost) => {
      const { marker, world } = lost
      await waits(lost)
      assert.lengthOf(callsOf(world, marker), 1, "its step is not done again")
      assert.lengthOf(world.asked(marker), 1, "it did not pass its breakpoint")
      assert.strictEqual((await goOn(lost, { input: null })).at(-1), `ai: erlaubt ${marker}`)
      assert.lengthOf(callsOf(world, marker), 1)
    }
  },

  "having asked a person: still asks, once, and takes the answer": {
    text: (marker) => `steps:after:${catchable}:tool:ask:{"question":"${marker}?"} | say:danke ${marker}`,
    cantSaySo: true,
    check: async (lost) => {
      const { marker, run, survivor, world } = lost
      await waits(lost)
      const { interrupts } = await survivor.client().threads.get(run.thread_id)
      assert.deepEqual(Object.values(interrupts).flat().map(({ value }) => value), [{ question: `${marker}?` }])
      assert.lengthOf(world.asked(marker), 1)
      assert.strictEqual((await goOn(lost, { command: { resume: "ja" } })).at(-1), `ai: danke ${marker}`)
      assertOnceEach((await survivor.client().threads.getState(run.thread_id)).values)
    }
  },

  "with all its work done: ends with what it had, and asks the model nothing again": {
    text: (marker) => `slow:${catchable}:nachher ${marker}`,
    before: "say:vorher",
    cantSaySo: true,
    check: async (lost) => {
      const { marker, run, survivor, world } = lost
      await wasTakenOver(lost)
      assert.lengthOf(world.asked(marker), 1)
      assert.deepEqual(said((await survivor.client().threads.getState(run.thread_id)).values), [
        "human: say:vorher",
        "ai: vorher",
        `human: slow:${catchable}:nachher ${marker}`,
        `ai: nachher ${marker}`
      ])
      assert.strictEqual((await survivor.client().threads.get(run.thread_id)).status, "idle")
    }
  }
}
