import { Effect, Redacted } from "effect"
import { SignJWT } from "jose"
import { randomBytes } from "node:crypto"

export interface TokenOptions {
  readonly secret: Redacted.Redacted<string>
  readonly userId: string
  readonly email?: string
  readonly issuer?: string
  /** As jose understands it: "12h". */
  readonly validFor?: string
}

/** What every access token of a signed-in Supabase user says. */
export const claimsOf = (email?: string) => ({
  role: "authenticated",
  aud: "authenticated",
  ...(email !== undefined && { email })
})

/** A secret that nobody has had before. */
export const demoSecret = Effect.sync(() => Redacted.make(randomBytes(32).toString("base64url")))

/** An access token as Supabase's legacy secret would have signed it. */
export const mintToken = ({ email, issuer, secret, userId, validFor = "12h" }: TokenOptions) =>
  Effect.promise(async () => {
    const token = new SignJWT(claimsOf(email)).setProtectedHeader({ alg: "HS256", typ: "JWT" }).setSubject(userId)
      .setIssuedAt().setExpirationTime(validFor)
    if (issuer !== undefined) token.setIssuer(issuer)
    return Redacted.make(await token.sign(new TextEncoder().encode(Redacted.value(secret))))
  })
