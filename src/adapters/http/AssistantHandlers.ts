import { Effect } from "effect"
import { SecureRandom } from "effect/crypto"
import { HttpApiBuilder } from "effect/http-api"
import { explainRun } from "../../app/usecases/ExplainRun.ts"
import {
  assistantVersions,
  createAssistant,
  deleteAssistant,
  restoreVersion,
  updateAssistant
} from "../../app/usecases/ManageAssistants.ts"
import { resolveAssistant } from "../../app/usecases/ResolveAssistant.ts"
import { listsMayBeStale } from "../../app/usecases/ServeStale.ts"
import { AgentGraphs } from "../../ports/AgentGraphs.ts"
import { Assistants } from "../../ports/Assistants.ts"
import { RunPolicy } from "../../ports/RunPolicy.ts"
import { Api } from "./Api.ts"
import { assistantVersionView, assistantView } from "./AssistantView.ts"
import { CurrentCaller, currentPrincipal } from "./Authorization.ts"
import { explanationView } from "./ExplanationView.ts"
import { page } from "./Page.ts"

const freshId = () => SecureRandom.uuidV7Unsafe()

export const layer = HttpApiBuilder.group(Api, "assistants", (handlers) =>
  handlers.handleAll({
    create: Effect.fnUntraced(function*({ payload }) {
      return assistantView(yield* createAssistant({ ...payload, freshId }, yield* currentPrincipal))
    }),
    search: Effect.fnUntraced(function*({ payload }) {
      yield* listsMayBeStale
      const { items, total } = yield* (yield* Assistants).search(payload, yield* currentPrincipal)
      return page(items.map(assistantView), total, payload)
    }),
    count: Effect.fnUntraced(function*({ payload }) {
      yield* listsMayBeStale
      return yield* (yield* Assistants).count(payload, yield* currentPrincipal)
    }),
    get: Effect.fnUntraced(function*({ params }) {
      return assistantView(yield* resolveAssistant(params.assistant_id, yield* currentPrincipal))
    }),
    update: Effect.fnUntraced(function*({ params, payload }) {
      return assistantView(yield* updateAssistant(params.assistant_id, payload, yield* currentPrincipal))
    }),
    delete: Effect.fnUntraced(function*({ params, query }) {
      return [yield* deleteAssistant(params.assistant_id, query.delete_threads, yield* currentPrincipal)]
    }),
    versions: Effect.fnUntraced(function*({ params, payload }) {
      const versions = yield* assistantVersions(params.assistant_id, payload, yield* currentPrincipal)
      return versions.map(assistantVersionView)
    }),
    latest: Effect.fnUntraced(function*({ params, payload }) {
      return assistantView(yield* restoreVersion(params.assistant_id, payload.version, yield* currentPrincipal))
    }),
    explain: Effect.fnUntraced(function*({ params, payload: { config, context, metadata } }) {
      const { overrides } = yield* RunPolicy
      const asked = { assistant: params.assistant_id, config, context, metadata, overrides }
      return explanationView(yield* explainRun(asked, yield* CurrentCaller))
    }),
    schemas: Effect.fnUntraced(function*({ params }) {
      const { graph_id } = yield* resolveAssistant(params.assistant_id, yield* currentPrincipal)
      return yield* (yield* AgentGraphs).schemas(graph_id)
    }),
    graph: Effect.fnUntraced(function*({ params, query }) {
      const { graph_id } = yield* resolveAssistant(params.assistant_id, yield* currentPrincipal)
      return yield* (yield* AgentGraphs).drawing(graph_id, query.xray)
    }),
    subgraphs: Effect.fnUntraced(function*({ params, query }) {
      const { graph_id } = yield* resolveAssistant(params.assistant_id, yield* currentPrincipal)
      return yield* (yield* AgentGraphs).subgraphs(graph_id, null, query.recurse)
    }),
    subgraph: Effect.fnUntraced(function*({ params, query }) {
      const { graph_id } = yield* resolveAssistant(params.assistant_id, yield* currentPrincipal)
      return yield* (yield* AgentGraphs).subgraphs(graph_id, params.namespace, query.recurse)
    })
  }))
