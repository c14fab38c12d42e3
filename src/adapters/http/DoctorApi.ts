import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import { linkNames, linkStates } from "../../domain/AgentChain.ts"
import { Authorization } from "./Authorization.ts"
import { RequestChecks } from "./RequestChecks.ts"
import { given, limitOf, maybe, offset, orNothing } from "./Schemas.ts"

/** Without anything: the first page of what the caller may use. */
const Examined = Schema.Struct({
  agent_ids: maybe(Schema.Array(Schema.String)),
  organization_id: maybe(Schema.String),
  /** Part of the agent's name in any case, or its id. */
  name: maybe(Schema.String),
  /** Each agent's model is asked for a word, with the agent's prompt and tools; of as many agents as one request may. */
  dry_run: given(Schema.Boolean, false),
  limit: limitOf(50),
  offset
})

const LinkView = Schema.Struct({
  link: Schema.Literals(linkNames),
  state: Schema.Literals(linkStates),
  faults: Schema.Array(Schema.String),
  reason: Schema.NullOr(Schema.String),
  remedy: Schema.NullOr(Schema.String),
  fixable: Schema.Boolean
}).annotate({ identifier: "ChainLink" })

export const ChainView = Schema.Struct({
  agent_id: Schema.String,
  name: Schema.String,
  organization_id: Schema.String,
  links: Schema.Array(LinkView)
}).annotate({ identifier: "AgentChain" })

export const ChainsView = Schema.Struct({ total: Schema.Int, chains: Schema.Array(ChainView) })

export class DoctorGroup extends HttpApiGroup.make("doctor").add(
  HttpApiEndpoint.post("examine", "/doctor", { payload: orNothing(Examined), success: ChainsView })
).middleware(RequestChecks).middleware(Authorization) {}
