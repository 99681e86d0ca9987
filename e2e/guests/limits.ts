/** Of one guest, from the start of QEMU to the last word of its program; then it is ended, and its console is shown. */
export const guestProcessorMsMax = 600_000;
/** The same by the clock, of a machine that has other things to do. */
export const guestMsMax = 2_400_000;
/** Emulated without KVM: two processors, so that the kernel's code for several of them runs. */
export const guestProcessors = 2;
export const guestMemoryMib = 1_536;
/** Of a console that is kept: its end, where a panic stands. */
export const consoleBytesMax = 262_144;
/** Of a console that is shown in a failure. */
export const consoleLinesShown = 60;
/** A check in the guest: from the act to the event's arrival. Under emulation on a busy machine all takes its time. */
export const eventMsMax = 20_000;
/** From a deed to the report that tells of it: some things are looked at every thirty seconds. */
export const reportMsMax = 75_000;
/** All checks of a guest; those that are left then are said to be undone, so that a result comes in any case. */
export const checksMsMax = 360_000;
/** From the collector's start to its first report, programs loaded: the verifier is slow where all is emulated. */
export const startMsMax = 180_000;
/** The kernel blocks for 4 s after the last renewal; the rest is for a try, which is slow where all is emulated. */
export const leaseMsMax = 15_000;
/** Guests that run side by side: each has one thread. */
export const guestsAtOnce = 2;
/** Kernels, libraries and Node of one guest, and the sensor built for it: fetching is not the guest's time. */
export const fetchMsMax = 180_000;
