import type { PublisherReport } from "@atalaya/wire/api";

/** A node's flight recorder that was short of room. */
export const cannedRecorder: NonNullable<PublisherReport["recorder"]> = {
  ...{ bytes: 20_971_520, bytes_max: 67_108_864, oldest_us: Date.now() * 1_000 - 590_000_000 },
  ...{ recorded: 90_000, aged: 41_000, given_up: 1_200, unwritten: 34, refused_frames: 0 },
};
