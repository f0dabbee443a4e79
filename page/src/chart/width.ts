/** The width of an element, as a signal that follows its size. */
import { useSignal } from '@preact/signals';
import { useCallback, useRef } from 'preact/hooks';

/** Return a callback for `ref` of an element, and its width in pixels, 0 until it is laid out. */
export function useWidth() {
  const width = useSignal(0);
  const observer = useRef<ResizeObserver | null>(null);
  const element = useCallback(
    (watched: HTMLElement | null) => {
      observer.current?.disconnect();
      observer.current = null;
      if (!watched) return;
      const measure = (): void => {
        width.value = Math.round(watched.getBoundingClientRect().width);
      };
      measure();
      observer.current = new ResizeObserver(measure);
      observer.current.observe(watched);
    },
    [width],
  );
  return { element, width };
}
