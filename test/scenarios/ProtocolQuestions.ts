import { randomUUID } from "node:crypto"
import { assert } from "vitest"
import { agents } from "../../src/adapters/demo/World.ts"
import { question } from "../support/Conversation.ts"
import { command, ends, eventsUntil, isEnd, streamingClient } from "../support/ProtocolClient.ts"
import type { Scenarios } from "../support/Scenarios.ts"

const asking = (text: string) => question(`tool:ask:${JSON.stringify({ question: text })}`)

/** Questions to a person, asked and answered over the streaming protocol. */
export const protocolQuestions: Scenarios = {
  "a question is put, answered, and not put again": async (world) => {
    const thread = randomUUID()
    const start = { assistant_id: agents.recht, input: asking("darf ich?") }
    await command(world, thread, "run.start", start)
    const asked = await eventsUntil(
      world,
      thread,
      { channels: ["input", "lifecycle"], namespaces: [[]], depth: 0 },
      isEnd
    )
    assert.deepEqual(asked.map(({ method, params }) => params.data["event"] ?? method), [
      "running",
      "input.requested",
      "interrupted"
    ])
    const { interrupt_id, payload } = asked[1]?.params.data ?? {}
    assert.deepEqual(payload, { question: "darf ich?" })

    const answer = { interrupt_id, response: "ja" }
    const foreign = await command(world, thread, "input.respond", answer, "otherOrganisation")
    assert.strictEqual(foreign.type, undefined, "to others there is no such thread")
    const answered = await command(world, thread, "input.respond", answer)
    assert.deepEqual([answered.type, answered.result], ["success", {}])
    const since = answered.meta?.applied_through_seq ?? -1
    const after = await eventsUntil(world, thread, { channels: ["input", "lifecycle", "values"], since }, isEnd)
    assert.notInclude(after.map(({ method }) => method), "input.requested")
    assert.strictEqual(after.at(-1)?.params.data["event"], "completed")
    assert.include(JSON.stringify(after.at(-2)?.params.data), "answered \\\"ja\\\"")
  },

  "by the SDK's own stream, and by input where an answer is awaited": async (world) => {
    const client = streamingClient(world, "member")
    const thread = client.threads.stream(randomUUID(), { assistantId: agents.recht })
    await thread.run.start({ input: asking("wirklich?") })
    await thread.output
    assert.strictEqual(thread.interrupted, true)
    const [question] = thread.interrupts
    assert.deepEqual(question?.payload, { question: "wirklich?" })
    const { interruptId, namespace } = question ?? { interruptId: "", namespace: [] }
    await thread.input.respond({ namespace, interrupt_id: interruptId, response: { wort: "sicher" } })
    const after = await eventsUntil(world, thread.threadId, { channels: ["values", "lifecycle"] }, ends(2))
    assert.include(JSON.stringify(after.at(-2)?.params.data), "sicher")
    await thread.close()

    const other = randomUUID()
    await command(world, other, "run.start", { assistant_id: agents.recht, input: asking("und nun?") })
    const asked = await eventsUntil(world, other, { channels: ["input"] }, () => true)
    await eventsUntil(world, other, { channels: ["lifecycle"] }, isEnd)
    const id = String(asked[0]?.params.data["interrupt_id"])
    await command(world, other, "run.start", { assistant_id: agents.recht, input: { [id]: "weiter" } })
    const rest = await eventsUntil(world, other, { channels: ["values", "lifecycle"] }, ends(2))
    assert.include(JSON.stringify(rest.at(-2)?.params.data), "answered \\\"weiter\\\"")
  }
}
