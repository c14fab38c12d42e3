import { Client } from "langgraph-sdk-1"
import type { Person, Throughline } from "./Throughline.ts"

/** The other stock SDK, whose lower version number is the newer code: as one of the people. */
export const newerClient = (world: Pick<Throughline, "token" | "url">, person: Person) =>
  new Client({
    apiUrl: world.url,
    apiKey: null,
    defaultHeaders: { authorization: `Bearer ${world.token(person)}` }
  })
