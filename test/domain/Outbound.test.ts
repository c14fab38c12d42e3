import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { isPrivateAddress } from "../../src/domain/Outbound.ts"

const words = (text: string) => text.trim().split(/\s+/)

const privateAddresses = words(`
  0.0.0.0 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1
  172.31.255.255 192.0.0.8 192.168.1.1 198.18.0.1 198.19.255.255 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
`)
const publicAddresses = words(`
  1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 169.253.255.255
  169.255.0.0 172.15.255.255 172.32.0.0 192.1.0.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255
`)

/** The two groups of an IPv6 address that an IPv4 address fills. */
const asGroups = (address: string) => {
  const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number)
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
}

/** Every way in which IPv6 carries an IPv4 address. */
const carriers: ReadonlyArray<(address: string) => string> = [
  (address) => `::ffff:${address}`,
  (address) => `::FFFF:${asGroups(address)}`,
  (address) => `0:0:0:0:0:ffff:${asGroups(address)}`,
  (address) => `64:ff9b::${address}`,
  (address) => `2002:${asGroups(address)}::1`
]

describe("an IPv4 address", () => {
  it.each(privateAddresses)("%s is private, also inside IPv6", (address) => {
    for (const spelling of [address, ...carriers.map((carry) => carry(address))]) {
      assert.isTrue(isPrivateAddress(spelling), spelling)
    }
  })

  it.each(publicAddresses)("%s is public, also inside IPv6", (address) => {
    for (const spelling of [address, ...carriers.map((carry) => carry(address))]) {
      assert.isFalse(isPrivateAddress(spelling), spelling)
    }
  })
})

describe("an IPv6 address", () => {
  it.each(words(`
    :: ::1 0:0:0:0:0:0:0:1 fc00::1 fd12:3456:789a::1 fe80::1 fe80::1%eth0 febf::1 fec0::1 ff02::1 ::127.0.0.1 ::8.8.8.8
    ::ffff:0:127.0.0.1 64:ff9b:1::7f00:1 100::1 2001::1 2001:db8::1 4000::1
  `))("%s is private", (address) => assert.isTrue(isPrivateAddress(address)))

  it.each(words("2606:4700:4700::1111 2001:4860:4860::8888 2A00:1450:4001:82a::200e 2003::1 3ffe::1"))(
    "%s is public",
    (address) => assert.isFalse(isPrivateAddress(address))
  )

  it("is judged alike however many zeros are left out", () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0xffff, 0xfe80, 0x2001))
    fc.assert(fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const full = groups.map((group) => group.toString(16).padStart(4, "0")).join(":")
      const short = new URL(`http://[${full}]`).hostname.slice(1, -1)
      assert.strictEqual(isPrivateAddress(short), isPrivateAddress(full), short)
    }))
  })
})

describe("what is no address", () => {
  const none = words(`
    localhost example.com 1.1.1 1.1.1.1.1 256.1.1.1 0177.0.0.1 01.1.1.1 0x7f.0.0.1 2130706433 +1.1.1.1 [::1] 2606::1::1
    2606:4700 2606:4700::zz 2606:4700::1z 2606::999.1.1.1
  `)
  it.each(["", ...none])("(%s) is not to be reached", (text) => assert.isTrue(isPrivateAddress(text)))
})
