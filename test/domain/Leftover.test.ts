import fc from "fast-check"
import { assert, describe, test } from "vitest"
import { assistantIdOf } from "../../src/domain/Agent.ts"
import { AssistantId } from "../../src/domain/Assistant.ts"
import { healing, isBare, isOldCopy, type Leftover } from "../../src/domain/Leftover.ts"
import { UserId } from "../../src/domain/Principal.ts"
import { provenance, soundAgent, user } from "./Arbitraries.ts"

const bare = { config: {}, context: {} }
const configured = { config: { configurable: { system_prompt: "Du reimst." } }, context: {} }

const leftover: fc.Arbitrary<Leftover> = fc.record({
  assistant_id: fc.uuid().map((id) => AssistantId.make(id.replaceAll("-", ""))),
  agent_id: fc.uuid(),
  name: fc.string(),
  provenance: fc.oneof(
    provenance.filter(({ _tag }) => _tag !== "Graph"),
    fc.constant({ _tag: "Member" as const, owner: UserId.make("system") })
  ),
  said: fc.array(fc.constantFrom(bare, configured), { minLength: 1, maxLength: 3 }),
  owners: fc.uniqueArray(user)
})

const people = fc.uniqueArray(user)

describe("a leftover", () => {
  test("is bare when nobody has configured it, whatever it names", () => {
    assert.isTrue(isBare(bare))
    assert.isTrue(isBare({ config: { configurable: { assistant_id: "x", owner: "y", rag: {} } }, context: {} }))
    assert.isFalse(isBare(configured))
    assert.isFalse(isBare({ config: { configurable: { temperature: 0 } }, context: {} }))
    assert.isFalse(isBare({ config: { tags: ["mine"] }, context: {} }))
    assert.isFalse(isBare({ config: {}, context: { tone: "dry" } }))
  })

  test("that a person has configured, in whatever version, is never touched", () =>
    fc.assert(fc.property(leftover, soundAgent, people, (one, agent, seeing) => {
      const { left, remove, repoint } = healing(one, agent, { canRun: true, maySee: (user) => seeing.includes(user) })
      if (isOldCopy(one) || one.said.every(isBare)) return
      assert.isFalse(remove)
      assert.isEmpty(repoint)
      assert.isNotNull(left)
    })))

  test("moves nobody to an agent that they may not use, and goes only when everybody has moved", () =>
    fc.assert(fc.property(leftover, soundAgent, people, fc.boolean(), (one, agent, seeing, canRun) => {
      const { left, remove, repoint, successor } = healing(one, agent, {
        canRun,
        maySee: (user) => seeing.includes(user)
      })
      assert.strictEqual(successor, assistantIdOf(agent))
      for (const user of repoint) assert.include(seeing, user)
      if (remove) { for (const user of one.owners) assert.include(repoint, user) }
      assert.strictEqual(left === null, remove)
      if (!canRun) assert.isFalse(remove || repoint.length > 0)
    })))
})
