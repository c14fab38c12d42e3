import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import { Authorization } from "./Authorization.ts"
import { Command, EventFilter, ThreadStreamQuery } from "./ProtocolRequests.ts"
import { RequestChecks } from "./RequestChecks.ts"
import { Events, ThreadIdText } from "./Schemas.ts"

const { get, post } = HttpApiEndpoint

const thread = { thread_id: ThreadIdText }

/** The streaming protocol, version 2, over SSE; and the runs of a thread as one stream of their own frames. */
export class ProtocolGroup extends HttpApiGroup.make("protocol").add(
  post("command", "/threads/:thread_id/commands", { params: thread, payload: Command, success: Schema.JsonObject }),
  post("events", "/threads/:thread_id/stream/events", { params: thread, payload: EventFilter, success: Events }),
  get("threadStream", "/threads/:thread_id/stream", { params: thread, query: ThreadStreamQuery, success: Events })
).middleware(RequestChecks).middleware(Authorization) {}
