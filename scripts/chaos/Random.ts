import { createHash } from "node:crypto"

/** Decisions that a seed repeats. */
export interface Random {
  /** From 0 to 1, without 1. */
  readonly fraction: () => number
  /** A whole number, either end included. */
  readonly whole: (least: number, most: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <A>(items: readonly [A, ...ReadonlyArray<A>]) => A
  /** The time to the next of things that happen by chance, so often on average. */
  readonly waiting: (mean: number) => number
}

/**
 * A stream of decisions for one purpose. Each client and each kind of chaos has its own, so that what one of them
 * decides does not depend on which of them came first. (sfc32)
 */
export const randomOf = (seed: number, purpose: string): Random => {
  const state = new Uint32Array(new Uint8Array(createHash("sha256").update(`${seed}/${purpose}`).digest()).buffer)
  let [a = 0, b = 0, c = 0, counter = 1] = state
  const fraction = () => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum | 0
    return (sum >>> 0) / 2 ** 32
  }
  return {
    fraction,
    whole: (least, most) => least + Math.floor(fraction() * (most - least + 1)),
    chance: (probability) => fraction() < probability,
    pick: (items) => items[Math.floor(fraction() * items.length)] ?? items[0],
    waiting: (mean) => -Math.log(1 - fraction()) * mean
  }
}
