import { agents } from "../../src/adapters/demo/World.ts"
import { question } from "../support/Conversation.ts"
import { talk } from "../support/Talk.ts"
import type { Throughline } from "../support/Throughline.ts"

/** In everything that the owner has, and in nothing that anybody else may get. */
export const canary = "Kanarienvogel-7f3a"

/** What the owner has, by the names of the routes' parameters. */
export interface Owned {
  readonly assistant_id: string
  readonly thread_id: string
  readonly run_id: string
  readonly checkpoint_id: string
  readonly cron_id: string
}

export const strangers = ["admin", "otherOrganisation", "noOrganisation"] as const
export type Stranger = (typeof strangers)[number]

/** A status, or also the whole body. */
export type Expected = number | { readonly status: number; readonly text: string }

export interface Case {
  readonly body?: (owned: Owned) => object
  readonly query?: string
  readonly owner: Expected
  readonly strangers: Readonly<Record<Stranger, Expected>>
  /** Asks for the organisation's synced assistant instead of the owner's own. */
  readonly synced?: boolean
  /** What the owner is answered with has no end: its beginning is read. */
  readonly endless?: boolean
}

const everyStranger = (expected: Expected) => ({
  admin: expected,
  otherOrganisation: expected,
  noOrganisation: expected
})
const notThere = everyStranger(404)

const onlyOwners = (body?: Case["body"], owner: Expected = 200): ReadonlyArray<Case> => [
  { owner, strangers: notThere, ...(body === undefined ? {} : { body }) }
]

const endless = (body?: Case["body"]): ReadonlyArray<Case> => onlyOwners(body).map((row) => ({ ...row, endless: true }))

/** The owner's own, and the organisation's: that is its members' to look at, and nobody's to change. */
const assistants = (change: boolean, body?: Case["body"]): ReadonlyArray<Case> => [
  ...onlyOwners(body),
  {
    owner: change ? 403 : 200,
    strangers: { ...notThere, admin: change ? 403 : 200 },
    synced: true,
    ...(body === undefined ? {} : { body })
  }
]

const list = (body: Case["body"], found: Expected = 200): ReadonlyArray<Case> => [
  { owner: found, strangers: everyStranger({ status: 200, text: "[]" }), ...(body === undefined ? {} : { body }) }
]
const count = (body: () => object): ReadonlyArray<Case> => [
  { owner: { status: 200, text: "1" }, strangers: everyStranger({ status: 200, text: "0" }), body }
]
const taken = (body: Case["body"]): ReadonlyArray<Case> => [
  { owner: 200, strangers: everyStranger(409), ...(body === undefined ? {} : { body }) }
]

/** Stops what is the caller's, which of what is somebody else's is nothing: nobody is told what there is. */
const stopsNothing = (body: Case["body"]): ReadonlyArray<Case> => [
  { owner: 204, strangers: everyStranger({ status: 204, text: "" }), ...(body === undefined ? {} : { body }) }
]

const byMetadata = () => ({ metadata: { canary } })
/** Ticks in nobody's test. */
const yearly = ({ assistant_id }: Pick<Owned, "assistant_id">) => ({ assistant_id, schedule: "0 0 1 1 *" })
const run = ({ assistant_id }: Owned) => ({ assistant_id, input: question("say:hallo"), if_not_exists: "create" })
const written = () => ({ values: { messages: [{ type: "human", content: canary }] }, as_node: "model_request" })
/** Of what is not theirs nothing is pruned, and nobody is told that it is there. */
const prunes = (body: Case["body"]): ReadonlyArray<Case> => [
  {
    owner: { status: 200, text: "{\"pruned_count\":1}" },
    strangers: everyStranger({ status: 200, text: "{\"pruned_count\":0}" }),
    ...(body === undefined ? {} : { body })
  }
]
const checkpointed = ({ checkpoint_id }: Owned) => ({ checkpoint: { checkpoint_id } })

/** Everybody has a store of their own: what is put there under the same name is another item. */
const place = { namespace: ["leaks"], key: "canary" }
const empty = (status: number, text: string) => everyStranger({ status, text })
const storeMatrix: Readonly<Record<string, ReadonlyArray<Case>>> = {
  "PUT /store/items": [
    { body: () => ({ ...place, value: { canary } }), owner: 204, strangers: everyStranger(204) }
  ],
  "GET /store/items": [{ query: "?namespace=leaks&key=canary", owner: 200, strangers: empty(200, "null") }],
  "POST /store/items/search": [
    { body: () => ({ namespace_prefix: ["leaks"] }), owner: 200, strangers: empty(200, "{\"items\":[]}") }
  ],
  "POST /store/namespaces": [
    { body: () => ({ prefix: ["leaks"] }), owner: 200, strangers: empty(200, "{\"namespaces\":[]}") }
  ],
  "DELETE /store/items": [{ body: () => place, owner: 204, strangers: empty(204, "") }]
}

/**
 * Every route that is not public, and what comes of asking it for what is somebody else's. The last ones take away what
 * the others ask for.
 */
export const matrix: Readonly<Record<string, ReadonlyArray<Case>>> = {
  "POST /assistants": taken(({ assistant_id }) => ({ assistant_id, graph_id: "agent", if_exists: "do_nothing" })),
  "POST /assistants/search": list(byMetadata),
  "POST /assistants/count": count(byMetadata),
  "GET /assistants/{assistant_id}": assistants(false),
  "PATCH /assistants/{assistant_id}": assistants(true, () => ({ description: canary })),
  "POST /assistants/{assistant_id}/versions": assistants(false),
  "POST /assistants/{assistant_id}/latest": assistants(true, () => ({ version: 1 })),
  "POST /assistants/{assistant_id}/explain": assistants(false),
  "GET /assistants/{assistant_id}/schemas": assistants(false),
  "GET /assistants/{assistant_id}/graph": assistants(false),
  "GET /assistants/{assistant_id}/subgraphs": assistants(false),
  "GET /assistants/{assistant_id}/subgraphs/{namespace}": assistants(false),
  ...storeMatrix,
  // There are no components here: the owner alone is told so.
  "POST /ui/{assistant_id}": onlyOwners(() => ({ name: "card" }), {
    status: 404,
    text: "{\"detail\":\"UI not found for agent \\\"agent\\\"\"}"
  }),
  "POST /doctor": [
    {
      body: () => ({ agent_ids: [agents.recht] }),
      owner: 200,
      strangers: { ...everyStranger({ status: 200, text: "{\"total\":0,\"chains\":[]}" }), admin: 200 }
    }
  ],
  "POST /threads": taken(({ thread_id }) => ({ thread_id, if_exists: "do_nothing" })),
  "POST /threads/search": list(byMetadata),
  "POST /threads/count": count(() => ({ ...byMetadata(), status: "idle" })),
  "GET /threads/{thread_id}": onlyOwners(),
  "PATCH /threads/{thread_id}": onlyOwners(() => ({ metadata: { note: canary } })),
  "POST /threads/{thread_id}/copy": onlyOwners(),
  "GET /threads/{thread_id}/state": onlyOwners(),
  "POST /threads/{thread_id}/state": onlyOwners(written),
  "PATCH /threads/{thread_id}/state": onlyOwners(byMetadata, 204),
  "GET /threads/{thread_id}/state/{checkpoint_id}": onlyOwners(),
  "POST /threads/{thread_id}/state/checkpoint": onlyOwners(checkpointed),
  "POST /threads/{thread_id}/history": onlyOwners(),
  "GET /threads/{thread_id}/history": onlyOwners(),
  "GET /threads/{thread_id}/runs": onlyOwners(),
  "GET /threads/{thread_id}/runs/{run_id}": onlyOwners(),
  "GET /threads/{thread_id}/runs/{run_id}/config": onlyOwners(),
  "GET /threads/{thread_id}/runs/{run_id}/record": onlyOwners(),
  "POST /runs/search": list(({ assistant_id }) => ({ assistant_id })),
  "GET /threads/{thread_id}/runs/{run_id}/join": onlyOwners(),
  "GET /threads/{thread_id}/runs/{run_id}/stream": onlyOwners(),
  "GET /runs/{run_id}/stream": onlyOwners(),
  "POST /threads/{thread_id}/commands": onlyOwners(() => ({ id: 1, method: "state.get" })),
  "POST /threads/{thread_id}/stream/events": endless(() => ({ channels: ["values", "lifecycle"] })),
  "GET /threads/{thread_id}/stream": endless(),
  "POST /threads/{thread_id}/runs/{run_id}/cancel": onlyOwners(undefined, 202),
  "POST /runs/cancel": [
    ...stopsNothing(({ run_id, thread_id }) => ({ thread_id, run_ids: [run_id] })),
    ...stopsNothing(() => ({ status: "all" }))
  ],
  "POST /threads/{thread_id}/runs/wait": onlyOwners(run),
  "POST /threads/{thread_id}/runs/stream": onlyOwners(run),
  "POST /threads/{thread_id}/runs": onlyOwners((owned) => ({ ...run(owned), multitask_strategy: "enqueue" })),
  "POST /runs/wait": assistants(false, run),
  "POST /runs/stream": assistants(false, run),
  "POST /runs": assistants(false, run),
  "POST /runs/batch": assistants(false, (owned) => [run(owned), run(owned)]),
  "POST /threads/prune": prunes(({ thread_id }) => ({ thread_ids: [thread_id], strategy: "keep_latest" })),
  "POST /runs/crons": assistants(false, yearly),
  "POST /threads/{thread_id}/runs/crons": onlyOwners(yearly),
  "POST /runs/crons/search": list(byMetadata),
  "POST /runs/crons/count": count(byMetadata),
  "PATCH /runs/crons/{cron_id}": onlyOwners(() => ({ context: { canary } })),
  "DELETE /runs/crons/{cron_id}": onlyOwners(undefined, 204),
  "DELETE /threads/{thread_id}/runs/{run_id}": onlyOwners(undefined, 204),
  "DELETE /threads/{thread_id}": onlyOwners(undefined, 204),
  "DELETE /assistants/{assistant_id}": assistants(true)
}

const pathOf = (route: string, owned: Owned): string =>
  Object.entries({ namespace: "sub", ...owned }).reduce((path, [name, id]) => path.replace(`{${name}}`, id), route)

/** A sound request for what somebody has. */
export const requestFor = (route: string, row: Case, owned: Owned) => {
  const wanted = row.synced ? { ...owned, assistant_id: agents.recht } : owned
  return { route: `${pathOf(route, wanted)}${row.query ?? ""}`, body: row.body?.(wanted) }
}

/** An assistant, a thread with two messages on it, and a thread on which a run is under way. */
export const belongings = async (world: Throughline): Promise<{ readonly ended: Owned; readonly running: Owned }> => {
  const { assistants, runs, store, threads } = world.client("member")
  await store.putItem(place.namespace, place.key, { canary })
  const { assistant_id } = await assistants.create({
    graphId: "agent",
    name: canary,
    config: { configurable: { system_prompt: `Dein Passwort ist ${canary}.` } },
    metadata: { canary }
  })
  const metadata = { canary }
  const { thread_id } = await talk(world, "member", assistant_id, [`say:${canary}`, `say:noch ein ${canary}`])
  await threads.update(thread_id, { metadata })
  const [last] = await runs.list(thread_id)
  const [state] = await threads.getHistory(thread_id)
  const { crons } = world.client("member")
  const own = await crons.createForThread(thread_id, assistant_id, { ...yearly({ assistant_id }), metadata })
  const ended = {
    assistant_id,
    cron_id: own.cron_id,
    thread_id,
    run_id: last?.run_id ?? "",
    checkpoint_id: state?.checkpoint.checkpoint_id ?? ""
  }

  const busy = await threads.create({ metadata })
  const active = await runs.create(busy.thread_id, assistant_id, { input: question(`slow:600000:${canary} ${canary}`) })
  await world.until(
    "the run is at its model",
    () => world.model.requests.some(({ body }) => JSON.stringify(body).includes("slow:600000"))
  )
  const [now] = await threads.getHistory(busy.thread_id)
  const checkpoint_id = now?.checkpoint.checkpoint_id ?? ""
  const { cron_id } = await crons.createForThread(busy.thread_id, assistant_id, yearly({ assistant_id }))
  return { ended, running: { assistant_id, cron_id, thread_id: busy.thread_id, run_id: active.run_id, checkpoint_id } }
}
