/** An address that only machines of the operator's own network have, or that means no machine at all. */
const privateV4: ReadonlyArray<readonly [network: string, bits: number]> = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4]
]

const v4Number = (address: string): number | undefined => {
  const parts = address.split(".")
  if (parts.length !== 4) return undefined
  let number = 0
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined
    number = number * 256 + Number(part)
  }
  return number
}

const isPrivateV4 = (address: number): boolean =>
  privateV4.some(([network, bits]) => {
    const size = 2 ** (32 - bits)
    return Math.floor(address / size) === Math.floor((v4Number(network) ?? 0) / size)
  })

/** The eight groups of an IPv6 address in any of its spellings, or nothing. */
const v6Groups = (address: string): ReadonlyArray<number> | undefined => {
  const plain = address.replace(/%.*$/, "").replace(/:(\d+\.\d+\.\d+\.\d+)$/, (_, v4: string) => {
    const number = v4Number(v4) ?? 0
    return `:${Math.floor(number / 65536).toString(16)}:${(number % 65536).toString(16)}`
  })
  const [head = "", tail, more] = plain.split("::")
  if (more !== undefined) return undefined
  const groups = (text: string) => text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16))
  const left = groups(head), right = tail === undefined ? [] : groups(tail)
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length
  const all = zeros < 0 ? [] : [...left, ...Array<number>(zeros).fill(0), ...right]
  return all.length === 8 && all.every((group) => group >= 0 && group <= 0xffff) ? all : undefined
}

/**
 * Whether an IP address is loopback, private, link-local (the cloud's metadata address is), multicast or reserved, in
 * IPv4, IPv6, or one mapped into the other. What is no address at all counts as private: it is not to be reached.
 */
export const isPrivateAddress = (address: string): boolean => {
  const v4 = v4Number(address)
  if (v4 !== undefined) return isPrivateV4(v4)
  const groups = v6Groups(address)
  if (groups === undefined) return true
  const [first = 0, second = 0] = groups
  const low = (groups[6] ?? 0) * 65536 + (groups[7] ?? 0)
  const leadingZeros = groups.slice(0, 5).every((group) => group === 0)
  if (leadingZeros && (groups[5] === 0xffff || groups[5] === 0)) return isPrivateV4(low) || groups[5] === 0
  if (first === 0x64 && second === 0xff9b) return isPrivateV4(low) // NAT64
  if (first === 0x2002) return isPrivateV4(second * 65536 + (groups[2] ?? 0)) // 6to4
  return (first & 0xfe00) === 0xfc00 // unique local
    || (first & 0xffc0) === 0xfe80 // link-local
    || (first & 0xff00) === 0xff00 // multicast
}
