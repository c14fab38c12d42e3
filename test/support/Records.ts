import { assert } from "vitest"
import type { Person, Throughline } from "./Throughline.ts"

export interface Step {
  readonly kind: string
  readonly name: string
  readonly attempt: number
  readonly started_at: string
  readonly ms: number | null
  readonly usage:
    | { readonly input_tokens: number; readonly output_tokens: number; readonly total_tokens: number }
    | null
  readonly error: string | null
}

/** The record of a run, as its owner gets it. */
export const recordOf = async (
  world: Pick<Throughline, "fetch">,
  { run_id, thread_id }: { readonly run_id: string; readonly thread_id: string },
  person: Person = "member"
) => {
  const response = await world.fetch(person, `/threads/${thread_id}/runs/${run_id}/record`)
  assert.strictEqual(response.status, 200, await response.clone().text())
  return Object(await response.json())
}

export const stepsOf = (record: { readonly steps: unknown }): ReadonlyArray<Step> =>
  Array.isArray(record.steps) ? record.steps : assert.fail("a record has steps")

/** `model gpt-4o`, `tool search_laws`, `queue`. */
export const namesOf = (steps: ReadonlyArray<Step>): ReadonlyArray<string> =>
  steps.map(({ kind, name }) => name === "" ? kind : `${kind} ${name}`)
