import type { Explanation } from "../../src/domain/Explanation.ts"
import { ask, json } from "./Ask.ts"
import type { Person, Throughline } from "./Throughline.ts"

type Server = Explanation["servers"][number]

/** As it is on the wire: dates are texts. */
export type Explained = Omit<Explanation, "stale_since" | "servers"> & {
  readonly stale_since: string | null
  readonly servers: ReadonlyArray<Omit<Server, "asked_at"> & { readonly asked_at: string | null }>
}

export const explanationOf = async (
  world: Pick<Throughline, "fetch">,
  person: Person,
  assistant: string,
  body?: object,
  headers: Readonly<Record<string, string>> = {}
): Promise<Explained> => {
  const answer = await ask(world, person, `POST /assistants/${assistant}/explain`, body, headers)
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`)
  return json<Explained>(answer)
}

/** What is told of its servers, but for what differs from one asking to the next. */
export const serversOf = ({ servers }: Pick<Explained, "servers">) =>
  servers.map((server) =>
    Object.fromEntries(Object.entries(server).filter(([key]) => key !== "ms" && key !== "asked_at"))
  )

/** What is told of one key. */
export const keyOf = ({ keys }: Explained, wanted: string) => keys.find(({ key }) => key === wanted)
