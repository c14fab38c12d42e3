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

/** Who asks. */
export const currentPrincipal = Effect.map(CurrentCaller, (caller) => caller.principal)

export const layer = Layer.effect(
  Authorization,
  Effect.gen(function*() {
    const memberships = yield* Memberships
    const verifier = yield* TokenVerifier

    const identify = Effect.fnUntraced(function*(token: Redacted.Redacted<string>) {
      if (Redacted.value(token) === "") {
        return yield* new Unauthorized({ message: "Missing token: send Authorization: Bearer <Supabase access token>" })
      }
      const { userId } = yield* verifier.verify(token).pipe(
        Effect.mapError(({ reason }) => new Unauthorized({ message: reason }))
      )
      const { headers } = yield* HttpServerRequest.HttpServerRequest
      return { principal: yield* memberships.principal(userId), token, headers }
    })

    return Authorization.of({
      bearer: (handler, { credential }) =>
        Effect.flatMap(identify(credential), (caller) => Effect.provideService(handler, CurrentCaller, caller))
    })
  })
)
