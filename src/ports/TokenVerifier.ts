import { Context, type Effect, type Redacted, Schema } from "effect"
import type { UserId } from "../domain/Principal.ts"

/** Why a token was turned away, in words that may be shown to its bearer: never a part of the token. */
export class InvalidToken extends Schema.TaggedError<InvalidToken>()("InvalidToken", { reason: Schema.String }) {}

export interface VerifiedToken {
  readonly userId: UserId
  readonly email?: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
}

/** Says whose token it is. What its bearer belongs to is for the database to say. */
export class TokenVerifier extends Context.Service<TokenVerifier, {
  readonly verify: (token: Redacted.Redacted<string>) => Effect.Effect<VerifiedToken, InvalidToken>
}>()("throughline/ports/TokenVerifier") {}
