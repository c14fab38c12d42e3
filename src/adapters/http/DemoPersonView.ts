import { Schema } from "effect"
import type { DemoPerson } from "../../ports/SignIn.ts"

export const DemoPersonView = Schema.Struct({
  name: Schema.String,
  organization: Schema.NullOr(Schema.String),
  user_id: Schema.String,
  token: Schema.String
}).annotate({ identifier: "DemoPerson" })

export const demoPersonView = ({ name, organization, token, userId }: DemoPerson): typeof DemoPersonView.Type => ({
  name,
  organization,
  user_id: userId,
  token
})
