/** The last things that were kept under so many keys; whoever was kept longest ago makes room. */
export const latest = <K, V>(capacity: number) => {
  const kept = new Map<K, V>()
  return {
    get: (key: K): V | undefined => kept.get(key),
    keep: (key: K, value: V): void => {
      // Those that were kept last are the last ones in the map.
      kept.delete(key)
      kept.set(key, value)
      const [oldest] = kept.keys()
      if (kept.size > capacity && oldest !== undefined) kept.delete(oldest)
    }
  }
}
