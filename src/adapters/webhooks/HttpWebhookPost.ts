import { Clock, type Duration, Effect, Layer, Option, Predicate, Redacted } from "effect"
import { createHmac } from "node:crypto"
import { refusedAtSight } from "../../domain/OutboundHost.ts"
import { withoutUser } from "../../domain/UrlUser.ts"
import { isFinal, signatureHeader, signedText, webhookHost } from "../../domain/Webhook.ts"
import { Outbound, OutboundRefused } from "../../ports/Outbound.ts"
import { WebhookNotTaken, WebhookPost } from "../../ports/WebhookPost.ts"

export interface Options {
  /** Without it webhooks are not signed. */
  readonly secret: Option.Option<Redacted.Redacted<string>>
  /** Hosts that may be reached although private. */
  readonly allow: ReadonlyArray<string>
  readonly timeout?: Duration.Input
}

/** A code like ECONNREFUSED, which fetch hides behind `fetch failed`; never its words, which may repeat the URL. */
const codeIn = (error: unknown): string => {
  if (Predicate.hasProperty(error, "code") && typeof error.code === "string") return ` (${error.code})`
  return Predicate.hasProperty(error, "cause") ? codeIn(error.cause) : ""
}

const notTaken = (error: unknown): WebhookNotTaken =>
  error instanceof OutboundRefused
    // Whoever allows it restarts this server, and can send it again: nobody is to knock at private doors for a day.
    ? new WebhookNotTaken({ why: error.message, final: true })
    : new WebhookNotTaken({ why: `the receiver could not be reached${codeIn(error)}`, final: false })

/** POSTs through the guard, without following redirects: they would lead a caller's data elsewhere. */
export const layer = ({ allow, secret, timeout = "10 seconds" }: Options) =>
  Layer.effect(
    WebhookPost,
    Effect.gen(function*() {
      const { guarded } = yield* Outbound

      const signature = Effect.fnUntraced(function*(body: string) {
        if (Option.isNone(secret)) return {}
        const seconds = Math.floor((yield* Clock.currentTimeMillis) / 1000)
        const hmac = createHmac("sha256", Redacted.value(secret.value)).update(signedText(seconds, body)).digest("hex")
        return { "x-throughline-signature": signatureHeader(seconds, hmac) }
      })

      const post = (text: string, headers: Record<string, string>, body: string) =>
        Effect.tryPromise({
          try: async (signal) => {
            const { headers: user, url } = withoutUser(new URL(text))
            const init = { method: "POST", redirect: "manual", signal, body } as const
            const response = await guarded(url, { ...init, headers: { ...user, ...headers } })
            // Nobody reads what it says, however long that is.
            await response.body?.cancel()
            return response.status
          },
          catch: notTaken
        })

      return WebhookPost.of({
        admit: (url) =>
          Effect.suspend(() => {
            const why = refusedAtSight(allow, new URL(url))
            return why === undefined ? Effect.void : new OutboundRefused({ host: webhookHost(url), why })
          }),

        send: Effect.fn("WebhookPost.send")(function*({ attempt, body, delivery, url }) {
          const headers = {
            "content-type": "application/json",
            "user-agent": "throughline",
            "x-throughline-delivery": delivery,
            "x-throughline-attempt": String(attempt),
            ...(yield* signature(body))
          }
          const status = yield* post(url, headers, body).pipe(
            Effect.timeoutOrElse({
              duration: timeout,
              orElse: () =>
                Effect.fail(new WebhookNotTaken({ why: "the receiver did not answer in time", final: false }))
            })
          )
          if (status >= 200 && status < 300) return
          return yield* new WebhookNotTaken({ why: `the receiver answered ${status}`, final: isFinal(status) })
        })
      })
    })
  )
