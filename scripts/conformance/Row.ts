import type { World } from "./World.ts"

export type Run = (world: World) => Promise<void>

/** What a server has to have for a row to mean anything. */
export type Need = "model" | "tool" | "other" | "admin" | "webhooks"

interface Described {
  readonly run: Run
  readonly needs?: ReadonlyArray<Need>
  /** Where the reference server does otherwise: why ours does not do as it does. */
  readonly differs?: string
  /** Takes more than a minute: left out where nobody asked for it. */
  readonly slow?: boolean
}

/** Something that clients rely on: fails by throwing, whatever the server is made of. */
export interface Row extends Described {
  readonly group: string
  readonly name: string
}

/** Rows by what must hold. */
export type Rows = Readonly<Record<string, Run | Described>>

/** A row in which the reference server does otherwise, and why ours does not. */
export const differs = (reason: string, row: Run | Described): Described => ({ ...described(row), differs: reason })

export const needs = (what: ReadonlyArray<Need>, row: Run | Described): Described => ({
  ...described(row),
  needs: what
})

const described = (row: Run | Described): Described => typeof row === "function" ? { run: row } : row

export const group = (group: string, rows: Rows): ReadonlyArray<Row> =>
  Object.entries(rows).map(([name, row]) => ({ group, name, ...described(row) }))
