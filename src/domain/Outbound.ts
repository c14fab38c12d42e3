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
    // A leading zero means octal to some: no address, rather than another one to whoever connects.
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    number = number * 256 + Number(part)
  }
  return number
}

const isPrivateV4 = (address: number): boolean =>
  privateV4.some(([network, bits]) => {
    const size = 2 ** (32 - bits)
    return Math.floor(address / size) === Math.floor((v4Number(network) ?? 0) / size)
  })

const v6Group = (group: string): number => /^[0-9a-f]{1,4}$/i.test(group) ? Number.parseInt(group, 16) : Number.NaN

/** The eight groups of an IPv6 address in any of its spellings, or nothing. */
const v6Groups = (address: string): ReadonlyArray<number> | undefined => {
  const plain = address.replace(/%.*$/, "").replace(/:(\d+\.\d+\.\d+\.\d+)$/, (_, v4: string) => {
    const number = v4Number(v4) ?? Number.NaN
    return `:${Math.floor(number / 65536).toString(16)}:${(number % 65536).toString(16)}`
  })
  const [head = "", tail, more] = plain.split("::")
  if (more !== undefined) return undefined
  const groups = (text: string) => text === "" ? [] : text.split(":").map(v6Group)
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
  const [first = 0, second = 0, third = 0] = groups
  const prefix = groups.slice(0, 6).map((group) => group.toString(16)).join(":")
  // Mapped, and NAT64's.
  if (prefix === "0:0:0:0:0:ffff" || prefix === "64:ff9b:0:0:0:0") {
    return isPrivateV4((groups[6] ?? 0) * 65536 + (groups[7] ?? 0))
  }
  if (first === 0x2002) return isPrivateV4(second * 65536 + third) // 6to4
  return (first & 0xe000) !== 0x2000 // all but global unicast: loopback, unique local, link-local, multicast, reserved
    || (first === 0x2001 && (second < 0x200 || second === 0xdb8)) // Teredo and other protocols' own, documentation
}
