import { assert, describe, it } from "@effect/vitest"
import { type AgentState, whyGone } from "../../src/domain/AgentGone.ts"
import { OrganizationId } from "../../src/domain/Principal.ts"

const state: AgentState = {
  name: "Recht",
  organizationId: OrganizationId.make("o"),
  personalTo: null,
  status: "active",
  deleted: false,
  template: false
}

describe("why an agent answers nobody", () => {
  it("is told by its row, or by there being none", () => {
    assert.strictEqual(
      whyGone({ ...state, status: "disabled" }, null),
      `its agent "Recht" is not active (status "disabled")`
    )
    assert.strictEqual(
      whyGone({ ...state, status: "draft", deleted: true }, new Date(0)),
      `its agent "Recht" was deleted`
    )
    assert.strictEqual(whyGone(undefined, new Date(0)), "its agent's row is gone (retired 1970-01-01T00:00:00.000Z)")
  })

  it("is nothing where there is no reason, and of templates nothing is told", () => {
    assert.isUndefined(whyGone(state, null))
    assert.isUndefined(whyGone(undefined, null))
    assert.isUndefined(whyGone({ ...state, template: true, status: "draft" }, null))
  })
})
