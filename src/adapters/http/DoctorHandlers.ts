import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { examineFor } from "../../app/usecases/ExamineFor.ts"
import { Api } from "./Api.ts"
import { CurrentCaller } from "./Authorization.ts"

export const layer = HttpApiBuilder.group(Api, "doctor", (handlers) =>
  handlers.handleAll({
    examine: Effect.fnUntraced(function*({ payload }) {
      return yield* examineFor(payload, yield* CurrentCaller)
    })
  }))
