import { assert } from "vitest"
import { copyOfRecht } from "../support/Agents.ts"
import { json } from "../support/Ask.ts"
import { question } from "../support/Conversation.ts"
import type { Replica, SharedScenario } from "../support/ReplicaServers.ts"

const wanted = 200

/** An agent whose prompt is the number of its last edit. */
interface Edited {
  readonly id: string
  /** Edits of which the database has said that they are committed, and those that it was asked for. */
  committed: number
  asked: number
}

interface Begun {
  readonly agent: string
  readonly replica: string
  /** The edit that it begins with, what had been committed when it was asked for, and what had been asked for by its answer. */
  readonly got: number
  readonly atLeast: number
  readonly atMost: number
}

/** A violation: an edit was over before the run was asked for, and the run knows nothing of it; or it knows what nobody wrote. */
export const violationsIn = (runs: ReadonlyArray<Begun>): ReadonlyArray<Begun> =>
  runs.filter(({ atLeast, atMost, got }) => got < atLeast || got > atMost || Number.isNaN(got))

const numberIn = (prompt: unknown) => Number(/^Stand (\d+)$/.exec(String(prompt))?.[1] ?? Number.NaN)

/** Created, and not to be executed before long: what it begins with is decided now. */
const begin = async (replica: Replica, agent: Edited): Promise<Begun> => {
  const { thread_id } = await replica.client().threads.create()
  const atLeast = agent.committed
  const answer = await replica.fetch(`/threads/${thread_id}/runs`, {
    method: "POST",
    body: JSON.stringify({ assistant_id: agent.id, input: question("say:ja"), after_seconds: 3600 })
  })
  const text = await answer.text()
  assert.strictEqual(answer.status, 200, text)
  const { kwargs } = json<{ kwargs: { config: { configurable: Record<string, unknown> } } }>({ text })
  const got = numberIn(kwargs.config.configurable["system_prompt"])
  return { agent: agent.id, replica: replica.name, got, atLeast, atMost: agent.asked }
}

export const editsUnderLoad: Readonly<Record<string, SharedScenario>> = {
  [`of ${wanted} edits under load none is missed by a run that is asked for after it`]: async (world, both) => {
    const agents: Array<Edited> = []
    for (let n = 0; n < 3; n++) agents.push({ id: await copyOfRecht(world), committed: 0, asked: 0 })
    await world.database.query("update public.agents set system_prompt = 'Stand 0' where id = any($1)", [
      agents.map(({ id }) => id)
    ])

    const editing = { over: false }
    const runs: Array<Begun> = []
    const worker = async (nth: number) => {
      for (let n = nth; !editing.over; n++) {
        const agent = agents[n % agents.length], replica = both[n % 2]
        if (agent !== undefined && replica !== undefined) runs.push(await begin(replica, agent))
      }
    }
    const editor = async () => {
      for (let n = 1; n <= wanted; n++) {
        const agent = agents[n % agents.length] ?? assert.fail("there are agents")
        agent.asked = n
        await world.observer.query("update public.agents set system_prompt = $2 where id = $1", [
          agent.id,
          `Stand ${n}`
        ])
        agent.committed = n
        // Now and then several in a row; otherwise as fast as runs are begun.
        const begun = runs.length + Math.round(Math.random() * 3)
        await world.until("runs are begun", () => runs.length >= begun)
      }
      editing.over = true
    }
    await Promise.all([editor(), ...Array.from({ length: 6 }, (_, nth) => worker(nth))])

    const violations = violationsIn(runs)
    const fresh = runs.filter(({ atLeast, got }) => got > atLeast).length
    console.log(
      `${wanted} edits, ${runs.length} runs on two servers (${fresh} of them began with an edit that was committed `
        + `while they were asked for): ${violations.length} violations`
    )
    assert.deepEqual(violations, [])
    assert.isAbove(runs.length, wanted, "it was a load")
    assert.isAbove(new Set(runs.map(({ agent, got }) => `${agent} ${got}`)).size, wanted / 4, "and edits were met")
  }
}
