import { Effect, Redacted } from "effect"
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose"
import { claimsOf } from "../../src/adapters/demo/DemoTokens.ts"
import { listen } from "../../src/adapters/demo/Loopback.ts"
import { people } from "../../src/adapters/demo/World.ts"

const nowSeconds = () => Math.floor(Date.now() / 1000)

const sign = (claims: JWTPayload, header: { alg: string; kid?: string }, key: CryptoKey | Uint8Array) =>
  Effect.promise(async () =>
    Redacted.make(
      await new SignJWT({
        ...claimsOf(),
        sub: people.member,
        iat: nowSeconds(),
        exp: nowSeconds() + 3600,
        ...claims
      }).setProtectedHeader(header).sign(key)
    )
  )

/** A token of the Kanzlei's member signed with a shared secret; claims replace its own, `undefined` takes one away. */
export const hs256 = (secret: string, claims: JWTPayload = {}) =>
  sign(claims, { alg: "HS256" }, new TextEncoder().encode(secret))

/** A key pair: its public half for a JWKS, its private half to sign with. */
export const signingKey = (kid: string, alg: "ES256" | "RS256" = "ES256") =>
  Effect.promise(async () => {
    const { privateKey, publicKey } = await generateKeyPair(alg)
    return {
      jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" },
      sign: (claims: JWTPayload = {}, header: { alg?: string; kid?: string } = {}) =>
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
