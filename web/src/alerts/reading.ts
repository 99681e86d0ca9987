import { type RefObject, useRef } from "react";

/**
 * Whether somebody reads the list: it is scrolled, a row has the cursor or is selected, or the pointer rests on a row.
 * A finger leaves no pointer behind, so touch counts by scrolling alone.
 */
export function useReading(engaged: boolean): {
  check: RefObject<() => boolean>;
  over: { onPointerEnter: (event: { pointerType: string }) => void; onPointerLeave: () => void };
} {
  const pointer = useRef(false);
  const engagedNow = useRef(engaged);
  engagedNow.current = engaged;
  const check = useRef(() => engagedNow.current || pointer.current || window.scrollY > 40);
  const over = {
    onPointerEnter: (event: { pointerType: string }) => {
      pointer.current = event.pointerType === "mouse";
    },
    onPointerLeave: () => {
      pointer.current = false;
    },
  };
  return { check, over };
}
