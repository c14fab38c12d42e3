import { Effect, Option } from "effect"
import { defaultFolder } from "../adapters/embedded-postgres/Folder.ts"
import type { Settings } from "./Config.ts"

/** Where the demo keeps its data and secrets: where the operator says, or in the working directory. */
export const demoFolder = ({ dataDirectory }: Settings) =>
  Option.match(dataDirectory, { onNone: () => defaultFolder, onSome: (path) => Effect.succeed(path) })
