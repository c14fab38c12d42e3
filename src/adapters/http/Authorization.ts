import { Context, Effect, Layer, Redacted } from "effect"
import { HttpServerRequest } from "effect/http"
import { HttpApiMiddleware, HttpApiSecurity } from "effect/http-api"
import type { Caller } from "../../app/usecases/CreateRun.ts"
import { Memberships } from "../../ports/Memberships.ts"
import { TokenVerifier } from "../../ports/TokenVerifier.ts"
import { Unauthorized, unauthorized } from "./Errors.ts"

/** Who is asking, on every route that is not public. */
export class CurrentCaller extends Context.Service<CurrentCaller, Caller>()("throughline/http/CurrentCaller") {}

export class Authorization extends HttpApiMiddleware.Service<Authorization, { provides: CurrentCaller }>()(
  "throughline/http/Authorization",
  { security: { bearer: HttpApiSecurity.bearer }, error: unauthorized }
) {}

const missing = "Missing token: send Authorization: Bearer <Supabase access token>, or that token as x-api-key"

/** Who asks. */
export const currentPrincipal = Effect.map(CurrentCaller, (caller) => caller.principal)

export const layer = Layer.effect(
  Authorization,
  Effect.gen(function*() {
    const memberships = yield* Memberships
    const verifier = yield* TokenVerifier

    const identify = Effect.fnUntraced(function*(bearer: Redacted.Redacted<string>) {
      const { headers } = yield* HttpServerRequest.HttpServerRequest
      // A client that can be given an API key only, as Agent Chat UI, sends the token as one (the SDK's `apiKey`).
      const token = Redacted.value(bearer) === "" ? Redacted.make(headers["x-api-key"] ?? "") : bearer
      if (Redacted.value(token) === "") return yield* new Unauthorized({ message: missing })
      const { userId } = yield* verifier.verify(token).pipe(
        Effect.mapError(({ reason }) => new Unauthorized({ message: reason }))
      )
      return { principal: yield* memberships.principal(userId), token, headers }
    })

    return Authorization.of({
      bearer: (handler, { credential }) =>
        Effect.flatMap(identify(credential), (caller) => Effect.provideService(handler, CurrentCaller, caller))
    })
  })
)
