import { alone } from "../../containers/machine/cache-folder.ts";
import { type KernelImage, kernelImage } from "../../containers/machine/kernel-image.ts";
import { guestRoot } from "./guest-root.ts";
import type { Guest } from "./guests.ts";
import { sourcesNow } from "./results.ts";

/** What a guest is booted from, and which sources it is about (results.ts). */
export type PreparedGuest = { image: KernelImage; archive: Buffer; sources: string };

/** One guest after the other, and none while an image is made: they share the folders of what is fetched and built. */
export async function preparedGuest(guest: Guest, say: (line: string) => void): Promise<PreparedGuest> {
  return await alone(async () => {
    const image = await kernelImage(guest, say);
    const sources = sourcesNow();
    return { image, sources, archive: await guestRoot(guest.architecture, image, say) };
  });
}
