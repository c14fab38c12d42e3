import { Effect } from "effect"
import { SecureRandom } from "effect/crypto"
import { HttpApiBuilder } from "effect/http-api"
import {
  assistantVersions,
  createAssistant,
  deleteAssistant,
  restoreVersion,
  updateAssistant
} from "../../app/usecases/ManageAssistants.ts"
import { resolveAssistant } from "../../app/usecases/ResolveAssistant.ts"
import { AgentGraphs } from "../../ports/AgentGraphs.ts"
import { Assistants } from "../../ports/Assistants.ts"
import { Api } from "./Api.ts"
import { assistantVersionView, assistantView } from "./AssistantView.ts"
import { CurrentCaller } from "./Authorization.ts"
import { page } from "./Page.ts"

const principal = Effect.map(CurrentCaller, (caller) => caller.principal)
const freshId = () => SecureRandom.uuidV7Unsafe()

export const layer = HttpApiBuilder.group(Api, "assistants", (handlers) =>
  handlers.handleAll({
    create: Effect.fnUntraced(function*({ payload }) {
      return assistantView(yield* createAssistant({ ...payload, freshId }, yield* principal))
    }),
    search: Effect.fnUntraced(function*({ payload }) {
      const { items, total } = yield* (yield* Assistants).search(payload, yield* principal)
      return page(items.map(assistantView), total, payload)
    }),
    count: Effect.fnUntraced(function*({ payload }) {
      return yield* (yield* Assistants).count(payload, yield* principal)
    }),
    get: Effect.fnUntraced(function*({ params }) {
      return assistantView(yield* resolveAssistant(params.assistant_id, yield* principal))
    }),
    update: Effect.fnUntraced(function*({ params, payload }) {
      return assistantView(yield* updateAssistant(params.assistant_id, payload, yield* principal))
    }),
    delete: Effect.fnUntraced(function*({ params, query }) {
      return [yield* deleteAssistant(params.assistant_id, query.delete_threads, yield* principal)]
    }),
    versions: Effect.fnUntraced(function*({ params, payload }) {
      const versions = yield* assistantVersions(params.assistant_id, payload, yield* principal)
      return versions.map(assistantVersionView)
    }),
    latest: Effect.fnUntraced(function*({ params, payload }) {
      return assistantView(yield* restoreVersion(params.assistant_id, payload.version, yield* principal))
    }),
    schemas: Effect.fnUntraced(function*({ params }) {
      const { graph_id } = yield* resolveAssistant(params.assistant_id, yield* principal)
      return yield* (yield* AgentGraphs).schemas(graph_id)
    }),
    graph: Effect.fnUntraced(function*({ params, query }) {
      const { graph_id } = yield* resolveAssistant(params.assistant_id, yield* principal)
      return yield* (yield* AgentGraphs).drawing(graph_id, query.xray)
    }),
    subgraphs: Effect.fnUntraced(function*({ params, query }) {
      const { graph_id } = yield* resolveAssistant(params.assistant_id, yield* principal)
      return yield* (yield* AgentGraphs).subgraphs(graph_id, null, query.recurse)
    }),
    subgraph: Effect.fnUntraced(function*({ params, query }) {
      const { graph_id } = yield* resolveAssistant(params.assistant_id, yield* principal)
      return yield* (yield* AgentGraphs).subgraphs(graph_id, params.namespace, query.recurse)
    })
  }))
