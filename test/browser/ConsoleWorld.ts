import { Effect, Layer, Option } from "effect"
import { randomUUID } from "node:crypto"
import { listen, readBody } from "../../src/adapters/demo/Loopback.ts"
import { people } from "../../src/adapters/demo/World.ts"
import { SignIn } from "../../src/ports/SignIn.ts"
import { startThroughline, type Throughline } from "../support/Throughline.ts"

const password = `pw-${randomUUID()}`

/** Supabase as far as signing in with a password goes. */
const supabaseAuth = (token: () => string) =>
  listen((request, response) => {
    const cors = { "access-control-allow-origin": "*", "access-control-allow-headers": "*" }
    if (request.method === "OPTIONS") return response.writeHead(204, cors).end()
    void readBody(request).then((body) => {
      const known = request.url === "/auth/v1/token?grant_type=password" && request.headers["apikey"] === "anon"
        && body.includes(password)
      const answer = known
        ? { access_token: token(), token_type: "bearer", expires_in: 3600 }
        : { code: 400, error_code: "invalid_credentials", msg: "Invalid login credentials" }
      response.writeHead(known ? 200 : 400, { ...cors, "content-type": "application/json" }).end(JSON.stringify(answer))
    })
  })

/** A Throughline with a way to sign in of each kind. */
export const openConsoleWorld = async () => {
  let world: Throughline | undefined
  const token = (person: keyof typeof people) => world?.token(person) ?? ""
  const auth = await supabaseAuth(() => token("member"))
  world = await startThroughline({
    swapped: () => ({
      signIn: Layer.succeed(SignIn, {
        supabase: Option.some({ url: auth.origin, anonKey: "anon" }),
        demoPeople: Option.some(Effect.sync(() => [
          { name: "A member", organization: "Kanzlei Nord", userId: people.member, token: token("member") },
          {
            name: "A member",
            organization: "Immobilien Süd",
            userId: people.otherOrganisation,
            token: token("otherOrganisation")
          }
        ]))
      })
    })
  })
  const { stop } = world
  return {
    ...world,
    password,
    stop: async () => {
      await stop()
      await auth.close()
    }
  }
}

export type ConsoleWorld = Awaited<ReturnType<typeof openConsoleWorld>>
