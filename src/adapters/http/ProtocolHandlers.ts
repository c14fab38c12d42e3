import { Effect, Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { followThread } from "../../app/usecases/FollowThread.ts"
import { joinThread } from "../../app/usecases/JoinThread.ts"
import { protocolText } from "../../domain/ProtocolEvents.ts"
import { Api } from "./Api.ts"
import { CurrentCaller } from "./Authorization.ts"
import { carryOut } from "./ProtocolCommands.ts"
import { frame, frameStream } from "./Sse.ts"
import { framePlace, idOf, ofThreadModes } from "./ThreadStreamFrames.ts"

export const layer = HttpApiBuilder.group(Api, "protocol", (handlers) =>
  handlers.handleAll({
    command: Effect.fnUntraced(function*({ params, payload }) {
      return HttpServerResponse.jsonUnsafe(yield* carryOut(params.thread_id, payload))
    }),
    events: Effect.fnUntraced(function*({ params, payload: { channels, depth = null, namespaces = [], since = 0 } }) {
      const subscription = { channels, namespaces, depth }
      const { principal } = yield* CurrentCaller
      const events = yield* followThread(params.thread_id, since, subscription, principal)
      return frameStream(
        events.pipe(
          Stream.filter((batch) => batch.length > 0),
          Stream.map((batch) =>
            batch.map((event) => frame({ event: event.method, data: protocolText(event), id: event.seq })).join("")
          )
        )
      )
    }),
    threadStream: Effect.fnUntraced(function*({ params, query, request }) {
      const { principal } = yield* CurrentCaller
      const place = framePlace(request.headers["last-event-id"])
      const frames = yield* joinThread(params.thread_id, place, principal)
      const modes = query.stream_mode ?? query.stream_modes ?? ["run_modes"]
      return frameStream(
        frames.pipe(
          Stream.filter(ofThreadModes(modes)),
          Stream.mapArray((batch) => [batch.map((one) => frame({ ...one, id: idOf(one) })).join("")])
        ),
        // Where the SDK comes back to when it is cut off.
        { location: `/threads/${params.thread_id}/stream` }
      )
    })
  }))
