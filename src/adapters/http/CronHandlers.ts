import { Clock, Effect } from "effect"
import { SecureRandom } from "effect/crypto"
import { HttpApiBuilder } from "effect/http-api"
import { createCron, deleteCron, updateCron } from "../../app/usecases/ManageCrons.ts"
import { CronId } from "../../domain/Cron.ts"
import { Crons } from "../../ports/Crons.ts"
import { Api } from "./Api.ts"
import { currentPrincipal } from "./Authorization.ts"
import { cronChangeOf, cronOf } from "./CronRequests.ts"
import { cronView } from "./CronView.ts"
import { onThread, stateless } from "./NewRuns.ts"
import { page } from "./Page.ts"

const freshId = () => CronId.make(SecureRandom.uuidV7Unsafe())

export const layer = HttpApiBuilder.group(Api, "crons", (handlers) =>
  handlers.handleAll({
    create: Effect.fnUntraced(function*({ payload }) {
      return cronView(yield* createCron(cronOf(freshId(), payload, stateless(payload)), yield* currentPrincipal))
    }),
    createForThread: Effect.fnUntraced(function*({ params, payload }) {
      const asked = onThread(params.thread_id, payload)
      return cronView(yield* createCron(cronOf(freshId(), payload, asked), yield* currentPrincipal))
    }),
    search: Effect.fnUntraced(function*({ payload }) {
      const { items, total } = yield* (yield* Crons).search(payload, yield* currentPrincipal)
      // The SDK lets one select the time at which it was asked.
      const now = new Date(yield* Clock.currentTimeMillis).toISOString()
      const asked = payload.select?.includes("now") === true ? { now } : {}
      return page(items.map((cron) => ({ ...cronView(cron), ...asked })), total, payload)
    }),
    count: Effect.fnUntraced(function*({ payload }) {
      return yield* (yield* Crons).count(payload, yield* currentPrincipal)
    }),
    update: Effect.fnUntraced(function*({ params, payload }) {
      return cronView(yield* updateCron(params.cron_id, cronChangeOf(payload), yield* currentPrincipal))
    }),
    delete: Effect.fnUntraced(function*({ params }) {
      yield* deleteCron(params.cron_id, yield* currentPrincipal)
    })
  }))
