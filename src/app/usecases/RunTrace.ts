import { Effect, Option } from "effect"
import { Headers, HttpTraceContext } from "effect/http"

/** The trace of the request, which goes on in whatever process executes the run: W3C's `traceparent`. */
export const traceparent: Effect.Effect<string | null> = Effect.currentSpan.pipe(
  Effect.map((span) => HttpTraceContext.toHeaders(span)["traceparent"] ?? null),
  Effect.orElseSucceed(() => null)
)

/** What happens belongs to that trace. */
export const continuing = (traceparent: string | null) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Option.match(HttpTraceContext.fromHeaders(Headers.fromInput(traceparent === null ? {} : { traceparent })), {
    onNone: () => effect,
    onSome: (span) => Effect.withParentSpan(effect, span)
  })
