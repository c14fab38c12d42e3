import { ask, json } from "./Ask.ts"
import type { Person, Throughline } from "./Throughline.ts"

export interface RunConfig {
  readonly run_id: string
  readonly assistant_id: string
  readonly assistant_version: number
  readonly keys: ReadonlyArray<string>
  readonly configurable: Readonly<Record<string, unknown>>
  readonly origins: Readonly<Record<string, string>>
  readonly dropped: ReadonlyArray<{ readonly key: string; readonly from: string; readonly reason: string }>
  readonly recursion_limit: number
  readonly tags: ReadonlyArray<string>
  readonly metadata: Readonly<Record<string, unknown>>
  readonly context: Readonly<Record<string, unknown>>
}

/** What a run really ran with; without an id the last one of its thread. */
export const configOf = async (
  world: Throughline,
  person: Person,
  thread: string,
  run?: string
): Promise<RunConfig> => {
  const [last] = run === undefined ? await world.client(person).runs.list(thread, { limit: 1 }) : []
  return json<RunConfig>(await ask(world, person, `GET /threads/${thread}/runs/${run ?? last?.run_id}/config`))
}
