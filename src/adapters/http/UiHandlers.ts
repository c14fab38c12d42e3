import { Effect, Option } from "effect"
import { HttpServerRequest, HttpServerResponse, Mime } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { findComponents } from "../../app/usecases/FindComponents.ts"
import { type ComponentFile, GraphComponents } from "../../ports/GraphComponents.ts"
import { Api } from "./Api.ts"
import { currentPrincipal } from "./Authorization.ts"
import { componentTags } from "./ComponentTags.ts"
import { ComponentFileNotFound } from "./Errors.ts"

/** Only what browsers load as text is in a bundle, unless its maker has put a picture there. */
const typeOf = (file: string) => {
  const type = Option.getOrElse(Mime.getType(file), () => "text/plain")
  return type.startsWith("text/") ? `${type}; charset=utf-8` : type
}

const sent = ({ contents, name }: ComponentFile) =>
  HttpServerResponse.uint8Array(contents, {
    contentType: typeOf(name),
    headers: { "x-content-type-options": "nosniff" }
  })

export const layer = HttpApiBuilder.group(Api, "ui", (handlers) =>
  handlers.handleAll({
    component: Effect.fnUntraced(function*({ params, payload }) {
      const { host = "" } = (yield* HttpServerRequest.HttpServerRequest).headers
      const { files, graph } = yield* findComponents(params.assistant_id, yield* currentPrincipal)
      return componentTags({ host, graph, component: payload.name, files: files.map(({ name }) => name) })
    }),
    file: Effect.fnUntraced(function*({ params }) {
      const files = yield* (yield* GraphComponents).files(params.graph_id)
      const file = files.find(({ name }) => name === params.file)
      return file === undefined ? yield* new ComponentFileNotFound() : sent(file)
    })
  }))
