import { Context, type Effect, type Option } from "effect"
import type { UserId } from "../domain/Principal.ts"

/** Somebody of the demo world, with a token that a visitor may be them by. */
export interface DemoPerson {
  readonly name: string
  readonly organization: string | null
  readonly userId: UserId
  readonly token: string
}

/** How somebody before the console comes by a token. What is in here is public: pages are told before anybody signs in. */
export class SignIn extends Context.Service<SignIn, {
  /** With a password, at Supabase itself. */
  readonly supabase: Option.Option<{ readonly url: string; readonly anonKey: string }>
  /** By picking somebody: in the demo, and nowhere else. Each time it is asked, the tokens are new. */
  readonly demoPeople: Option.Option<Effect.Effect<ReadonlyArray<DemoPerson>>>
}>()("throughline/ports/SignIn") {}
