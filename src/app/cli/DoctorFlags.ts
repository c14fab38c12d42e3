import type { Ways } from "./Ways.ts"

/** What the command line says. */
export interface Given extends Ways {
  readonly agent: ReadonlyArray<string>
  readonly org: ReadonlyArray<string>
  readonly all: boolean
  readonly fix: boolean
  readonly dryRun: boolean
  readonly modelTimeout: number
}
