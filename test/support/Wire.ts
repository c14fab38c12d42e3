import { Schema } from "effect"
import { assert } from "vitest"

const WithStatus = Schema.Struct({ status: Schema.Number })
const hasStatus = Schema.is(WithStatus)

/** What the SDK's caller is told when the server refuses: fails unless it does, with this status. */
export const refusal = async (answer: Promise<unknown>, status: number): Promise<string> => {
  const outcome = await answer.then(
    (value) => ({ error: undefined, text: `answered with ${JSON.stringify(value)}` }),
    (error: unknown) => ({ error, text: error instanceof Error ? error.message : String(error) })
  )
  assert.strictEqual(hasStatus(outcome.error) ? outcome.error.status : undefined, status, outcome.text)
  return outcome.text
}

/** A body of JSON. */
export const post = (body: unknown): RequestInit => ({ method: "POST", body: JSON.stringify(body) })
