import { playOnPages } from "./Playing.ts"
import { sdkConversations } from "./SdkConversations.ts"
import { useSdk } from "./SdkHooks.ts"

playOnPages("a page on useStream of the SDK 2.0.0", useSdk, sdkConversations)
