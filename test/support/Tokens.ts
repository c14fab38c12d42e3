import { Effect, Redacted } from "effect"
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose"
import { claimsOf } from "../../src/adapters/demo/DemoTokens.ts"
import { listen } from "../../src/adapters/demo/Loopback.ts"
import { people } from "../../src/adapters/demo/World.ts"

const nowSeconds = () => Math.floor(Date.now() / 1000)

/** Claims that replace a token's own; `undefined` takes one away. */
type Claims = Readonly<Record<string, string | number | undefined>>

const payload = (claims: Claims): JWTPayload => ({
  ...claimsOf(),
  sub: people.member,
  iat: nowSeconds(),
  exp: nowSeconds() + 3600,
  ...claims
})

const sign = (claims: Claims, header: { alg: string; kid?: string }, key: CryptoKey | Uint8Array) =>
  Effect.promise(async () => Redacted.make(await new SignJWT(payload(claims)).setProtectedHeader(header).sign(key)))

/** A token of the Kanzlei's member signed with a shared secret. */
export const hs256 = (secret: string, claims: Claims = {}) =>
  sign(claims, { alg: "HS256" }, new TextEncoder().encode(secret))

/** A key pair: its public half for a JWKS, its private half to sign with. */
export const signingKey = (kid: string, alg: "ES256" | "RS256" = "ES256") =>
  Effect.promise(async () => {
    const { privateKey, publicKey } = await generateKeyPair(alg)
    return {
      jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" },
      sign: (claims: Claims = {}, header: { alg?: string; kid?: string } = {}) =>
        sign(claims, { alg, kid, ...header }, privateKey)
    }
  })

/** A Supabase project as far as tokens go: its key set, and how often it was asked for. */
export const supabaseProject = (...published: ReadonlyArray<object>) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const project = { keys: published, requests: 0, status: 200 }
      const { close, origin } = await listen((request, response) => {
        project.requests += 1
        const found = request.url === "/auth/v1/.well-known/jwks.json"
        response.writeHead(found ? project.status : 404, { "content-type": "application/json" })
          .end(JSON.stringify({ keys: project.keys }))
      })
      return Object.assign(project, { url: origin, issuer: `${origin}/auth/v1`, close })
    }),
    ({ close }) => Effect.promise(close)
  )
