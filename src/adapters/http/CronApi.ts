import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { Authorization } from "./Authorization.ts"
import { CronCount, CronPatch, CronSearch, StatelessCron, ThreadCron } from "./CronRequests.ts"
import { CronView } from "./CronView.ts"
import { RequestChecks } from "./RequestChecks.ts"
import { CronIdText, orNothing, ThreadIdText } from "./Schemas.ts"

const { delete: del, patch, post } = HttpApiEndpoint

const cron = { cron_id: CronIdText }

export class CronsGroup extends HttpApiGroup.make("crons").add(
  post("create", "/runs/crons", { payload: StatelessCron, success: CronView }),
  post("createForThread", "/threads/:thread_id/runs/crons", {
    params: { thread_id: ThreadIdText },
    payload: ThreadCron,
    success: CronView
  }),
  post("search", "/runs/crons/search", { payload: orNothing(CronSearch), success: Schema.Array(CronView) }),
  post("count", "/runs/crons/count", { payload: orNothing(CronCount), success: Schema.Int }),
  patch("update", "/runs/crons/:cron_id", { params: cron, payload: CronPatch, success: CronView }),
  del("delete", "/runs/crons/:cron_id", { params: cron, success: HttpApiSchema.NoContent })
).middleware(RequestChecks).middleware(Authorization) {}
